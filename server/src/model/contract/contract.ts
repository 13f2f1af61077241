// The contract of a running server: one document, served, hashed and enforced.
import type { OpenAPIObject, SchemaObject } from 'openapi3-ts/oas31';
import { stringify } from 'yaml';
import type { Model } from '../model.ts';
import { contractHash } from './canonical-hash.ts';
import { withoutElements } from './inference-schema.ts';
import { type ContractOptions, serversAt, specialise } from './specialise.ts';
import {
  createInferenceValidator,
  createValidator,
  type ValidateBody,
  type ValidateInference,
} from './validator.ts';

export interface Contract {
  readonly document: OpenAPIObject;
  readonly hash: string;
  /** Rows that a request may have. */
  readonly maxRows: number;
  readonly validatePredict: ValidateBody;
  readonly validateInference: ValidateInference;
  /**
   * The document as JSON and as YAML text.
   * @param path of the server where it is found now; its own where that is undefined
   */
  json(path?: string): string;
  yaml(path?: string): string;
}

export function createContract(
  base: OpenAPIObject,
  model: Model,
  options: ContractOptions,
): Contract {
  const specialised = specialise(base, model, options);
  const { document } = specialised;
  return {
    document,
    hash: contractHash(document),
    maxRows: options.maxRows,
    validatePredict: createValidator(specialised),
    validateInference: createInferenceValidator(
      withSchemas(document, withoutElements(specialised.inference)),
      withSchemas(base, structureOf(base)),
    ),
    // Written once, when they are first asked for: that takes milliseconds, and not every start needs them.
    json: written(document, (found) => JSON.stringify(found, null, 2)),
    yaml: written(document, (found) => stringify(found, { aliasDuplicateObjects: false })),
  };
}

/** Keeps a text for each path: there are two at most. */
function written(document: OpenAPIObject, write: (document: OpenAPIObject) => string) {
  const texts = new Map<string | undefined, string>();
  return (path?: string): string => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    const text = write(path === undefined ? document : { ...document, servers: serversAt(path) });
    texts.set(path, text);
    return text;
  };
}

/** What an inference request is for every model; that inputs are missing is said with their names. */
function structureOf({ components }: OpenAPIObject): Record<string, SchemaObject> {
  const request = components?.schemas?.['InferenceRequest'];
  const properties = request && 'properties' in request ? request.properties : undefined;
  return {
    TensorValue: {},
    InferenceRequest: {
      ...request,
      properties: { ...properties, inputs: { ...properties?.['inputs'], minItems: 0 } },
    },
  };
}

function withSchemas(
  document: OpenAPIObject,
  schemas: Record<string, SchemaObject>,
): OpenAPIObject {
  const { components } = document;
  return {
    ...document,
    components: { ...components, schemas: { ...components?.schemas, ...schemas } },
  };
}
