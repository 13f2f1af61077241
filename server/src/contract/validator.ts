// The validator that requests really pass, compiled from the served contract itself.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenAPIObject, SchemaObject } from 'openapi3-ts/oas31';
import { depthOf } from '../tensor/from-json.ts';
import { InputError } from '../tensor/input-error.ts';
import type { FormsByPointer } from './input-schema.ts';
import type { SpecialisedContract } from './specialise.ts';

/** The body of a prediction request, after validation. */
export interface PredictBody {
  readonly inputs: unknown;
  readonly probabilities?: boolean;
  readonly labels?: boolean;
  readonly outputs?: boolean;
}

/** @throws InputError naming the place in the body and what was expected there */
export type ValidateBody = (body: unknown) => PredictBody;

/**
 * The check of a schema by name of a served document.
 * @returns the value, which fits. @throws InputError naming the place and what was expected there
 */
export function createSchemaValidator<T>(
  document: OpenAPIObject,
  name: string,
): (value: unknown) => T {
  const ajv = new Ajv2020({ ...lenient, strict: false }); // the document around it is no schema
  ajv.addSchema(document, 'contract');
  let validate: ValidateFunction<T> | undefined; // compiled at its first use: not every start needs it
  return (value) => {
    validate ??= ajv.compile<T>({ $ref: `contract#/components/schemas/${name}` });
    if (validate(value)) return value;
    const [error] = validate.errors ?? [];
    throw new InputError(error?.instancePath ?? '', error ? sentence(error) : 'is not valid');
  };
}

const lenient = {
  // Errors carry the value and the schema that they are about, which the message quotes.
  verbose: true,
  validateFormats: false,
  ownProperties: true, // a field may have the name of what every object inherits, such as `toString`
  validateSchema: false, // compiling the meta-schema took 40 ms of every start; the tests check
};

export function createValidator({ predictBody, forms }: SpecialisedContract): ValidateBody {
  const ajv = new Ajv2020({
    ...lenient,
    strictTypes: false, // `anyOf` of a row and a batch has its types in the branches
  });
  const validate = ajv.compile<PredictBody>(predictBody);
  const compiled = new Map<SchemaObject, ValidateFunction>();
  const validatorOf = (form: SchemaObject) => {
    const validateForm = compiled.get(form) ?? ajv.compile(form);
    compiled.set(form, validateForm);
    return validateForm;
  };

  return (body) => {
    if (validate(body)) return body;
    const [error] = validate.errors ?? [];
    if (error === undefined) throw new InputError('', 'expected a body that fits the contract');
    throw explain(error, body, forms, validatorOf);
  };
}

/**
 * Says what is wrong in one sentence. An input that fits neither a row nor a batch fails in both branches; which
 * one was meant shows in how deep its arrays are nested, and that branch alone gives the reason.
 */
function explain(
  error: ErrorObject,
  body: unknown,
  forms: FormsByPointer,
  validatorOf: (form: SchemaObject) => ValidateFunction,
): InputError {
  for (const [pointer, { row, whole, either, spec }] of forms) {
    if (!isAt(error.instancePath, pointer)) continue;
    const value = valueAt(body, pointer);
    const depth = depthOf(value);
    const wholeDepth = spec.shape.length;
    const meant = row !== undefined && depth < wholeDepth ? row : whole;
    const leastDepth = row === undefined ? wholeDepth : wholeDepth - 1;
    if (isEmpty(value) || depth < leastDepth || depth > wholeDepth)
      return new InputError(pointer, `expected ${either.description}, got ${show(value)}`);
    const validate = validatorOf(meant);
    const [reason] = validate(value) ? [] : (validate.errors ?? []);
    if (reason) return new InputError(pointer + reason.instancePath, sentence(reason));
  }
  return new InputError(error.instancePath, sentence(error));
}

function sentence(error: ErrorObject): string {
  const { keyword, data, params, parentSchema } = error;
  const expected: string = parentSchema?.['description'] ?? '';
  switch (keyword) {
    case 'required':
      return `missing field "${params['missingProperty']}"`;
    case 'additionalProperties': {
      const known = Object.keys(parentSchema?.['properties'] ?? {});
      return `unknown field "${params['additionalProperty']}"; expected ${known.map((name) => `"${name}"`).join(', ')}`;
    }
    case 'minItems':
    case 'maxItems':
      return `expected ${expected}, got ${Array.isArray(data) ? data.length : show(data)}`;
    case 'minimum':
    case 'maximum':
      return `expected ${expected} from ${parentSchema?.['minimum']} to ${parentSchema?.['maximum']}, got ${data}`;
    case 'type':
      return `expected ${expectedType(params['type'], expected)}, got ${show(data)}`;
    default:
      return `${error.message ?? 'is not valid'}, got ${show(data)}`;
  }
}

/** The description where it describes the type, such as "a number (float32)" or "4 numbers (…)"; else the type. */
function expectedType(type: string, description: string): string {
  if (type === 'boolean') return 'true or false';
  if (type === 'object' && !description.startsWith('an object')) return 'a JSON object';
  return description || type;
}

/** A value as an error shows it: what it is, and itself where it is short. */
function show(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty array' : `an array nested ${depthOf(value)} deep`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  return `${typeof value === 'undefined' ? 'nothing' : String(value)}`;
}

function isAt(path: string, pointer: string): boolean {
  return path === pointer || path.startsWith(`${pointer}/`);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function valueAt(body: unknown, pointer: string): unknown {
  let value = body;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return value;
}
