// The contract of a running server: one document, served, hashed and enforced.
import type { OpenAPIObject, SchemaObject } from 'openapi3-ts/oas31';
import { stringify } from 'yaml';
import type { Model } from '../model.ts';
import { contractHash } from './canonical-hash.ts';
import { withoutElements } from './inference-schema.ts';
import { type ContractOptions, specialise } from './specialise.ts';
import {
  createInferenceValidator,
  createValidator,
  type ValidateBody,
  type ValidateInference,
} from './validator.ts';

export interface Contract {
  readonly document: OpenAPIObject;
  readonly hash: string;
  readonly validatePredict: ValidateBody;
  readonly validateInference: ValidateInference;
  /** The document as JSON and as YAML text. */
  json(): string;
  yaml(): string;
}

export function createContract(
  base: OpenAPIObject,
  model: Model,
  options: ContractOptions,
): Contract {
  const specialised = specialise(base, model, options);
  const { document } = specialised;
  let json: string | undefined;
  let yaml: string | undefined;
  return {
    document,
    hash: contractHash(document),
    validatePredict: createValidator(specialised),
    validateInference: createInferenceValidator(
      withSchemas(document, withoutElements(specialised.inference)),
      withSchemas(base, structureOf(base)),
    ),
    // Written once, when they are first asked for: that takes milliseconds, and not every start needs them.
    json: () => (json ??= JSON.stringify(document, null, 2)),
    yaml: () => (yaml ??= stringify(document, { aliasDuplicateObjects: false })),
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
