// The validator that requests really pass, compiled from the served contract itself.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenAPIObject, SchemaObject } from 'openapi3-ts/oas31';
import { depthOf } from '../../tensor/from-json.ts';
import { InputError } from '../../tensor/input-error.ts';
import type { InferenceRequest } from './inference-request.ts';
import type { FormsByPointer } from './input-schema.ts';
import { sentence, show } from './sentence.ts';
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
 * The check of an inference request: whether it fits this model's contract, for whoever reads it to say why it does not.
 * @throws InputError when it is no inference request of any model, naming the place and what was expected there
 */
export type ValidateInference = (body: unknown) => {
  readonly request: InferenceRequest;
  /** Why it does not fit this model. */
  readonly misfit: InputError | undefined;
};

/**
 * @param own the model's contract
 * @param any what a request is for every model
 */
export function createInferenceValidator(
  own: OpenAPIObject,
  any: OpenAPIObject,
): ValidateInference {
  const fitsOwn = createSchemaCheck<InferenceRequest>(own, 'InferenceRequest');
  const fitsAny = createSchemaCheck<InferenceRequest>(any, 'InferenceRequest');
  return (body) => {
    const misfit = fitsOwn(body);
    if (!(misfit instanceof InputError)) return { request: misfit, misfit: undefined };
    const request = fitsAny(body);
    if (request instanceof InputError) throw request;
    return { request, misfit };
  };
}

/** The check of a schema by name of a document: the value, or why it does not fit. */
function createSchemaCheck<T>(
  document: OpenAPIObject,
  name: string,
): (value: unknown) => T | InputError {
  let validate: ValidateFunction<T> | undefined; // compiled at its first use: not every start needs it
  return (value) => {
    validate ??= compile<T>(document, name);
    if (validate(value)) return value;
    return inputError(validate.errors);
  };
}

function compile<T>(document: OpenAPIObject, name: string): ValidateFunction<T> {
  const ajv = new Ajv2020({ ...lenient, strict: false }); // the document around it is no schema
  ajv.addSchema(document, 'contract');
  return ajv.compile<T>({ $ref: `contract#/components/schemas/${name}` });
}

/** The last error is the outermost: where no branch of several fits, it tells of all of them. */
function inputError(errors: ErrorObject[] | null | undefined): InputError {
  const error = errors?.at(-1);
  return error
    ? new InputError(error.instancePath, sentence(error))
    : new InputError('', 'expected a body that fits the contract, got one that does not');
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
    throw explain(validate.errors, body, forms, validatorOf);
  };
}

/**
 * Says what is wrong in one sentence. An input that fits neither a row nor a batch fails in both branches; which
 * one was meant shows in how deep its arrays are nested, and that branch alone gives the reason.
 */
function explain(
  errors: ErrorObject[] | null | undefined,
  body: unknown,
  forms: FormsByPointer,
  validatorOf: (form: SchemaObject) => ValidateFunction,
): InputError {
  const path = errors?.at(-1)?.instancePath ?? '';
  for (const [pointer, { row, whole, either, spec }] of forms) {
    if (!isAt(path, pointer)) continue;
    const value = valueAt(body, pointer);
    const depth = depthOf(value);
    const wholeDepth = spec.shape.length;
    const meant = row !== undefined && depth < wholeDepth ? row : whole;
    const leastDepth = row === undefined ? wholeDepth : wholeDepth - 1;
    if (isEmpty(value) || depth < leastDepth || depth > wholeDepth)
      return new InputError(pointer, `expected ${either.description}, got ${show(value)}`);
    const validate = validatorOf(meant);
    const reason = validate(value) ? undefined : validate.errors?.at(-1);
    if (reason) return new InputError(pointer + reason.instancePath, sentence(reason));
  }
  return inputError(errors);
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
