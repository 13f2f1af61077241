// A running predictor with the contract that it serves, and checks of what it says.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Running, start, testModel } from '../start.ts';

export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, object>> };
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface ResponseObject {
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

export interface Served {
  readonly server: Running;
  readonly operations: readonly Operation[];
  /** The check of a schema that stands in the document, references resolved. */
  check(schema: object): ValidateFunction;
}

export async function serve(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const model: Record<string, string> = name === '' ? {} : { MODEL_DIR: testModel(name) };
  const server = await start({ LOG_LEVEL: 'silent', ...model, ...env });
  const { body: document } = await server.http.get('/openapi.json');
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(document, 'contract');
  const compiled = new Map<string, ValidateFunction>();
  return {
    server,
    operations: operationsOf(document),
    check(schema) {
      const text = JSON.stringify(schema).replaceAll('"#/', '"contract#/');
      const known = compiled.get(text) ?? ajv.compile(JSON.parse(text));
      compiled.set(text, known);
      return known;
    },
  };
}

/** The operations, with what they refer to in place. */
function operationsOf(document: Record<string, Record<string, object>>): Operation[] {
  const operations = [];
  for (const [path, item] of Object.entries(document['paths'] ?? {}))
    for (const [method, operation] of Object.entries(item))
      operations.push({ ...resolved(operation, document), path, method });
  return operations as Operation[]; // what the document is made of is checked by redocly
}

/** References of everything but schemas, which may refer to themselves. */
function resolved<T extends object>(node: T, document: object): T;
function resolved(node: unknown, document: object): unknown;
function resolved(node: unknown, document: object): unknown {
  if (Array.isArray(node)) return node.map((one) => resolved(one, document));
  if (typeof node !== 'object' || node === null) return node;
  if ('$ref' in node && !String(node.$ref).includes('/schemas/')) {
    let target: unknown = document;
    for (const part of String(node.$ref).split('/').slice(1))
      target = Reflect.get(Object(target), part);
    return resolved(target, document);
  }
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === 'schema' || key === 'schemas' ? value : resolved(value, document),
    ]),
  );
}

/** The address of an operation of the model that is served. */
export function addressOf({ path }: Operation, { served }: Running): string {
  const { name, version } = served.model;
  return path.replace('{model}', name).replace('{version}', version);
}
