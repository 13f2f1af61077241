// The contract of a running server: one document, served, hashed and enforced.
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { stringify } from 'yaml';
import type { Model } from '../model/model.ts';
import type { InferenceRequest } from '../open-inference/request.ts';
import { contractHash } from './canonical-hash.ts';
import { type ContractOptions, specialise } from './specialise.ts';
import { createSchemaValidator, createValidator, type ValidateBody } from './validator.ts';

export interface Contract {
  readonly document: OpenAPIObject;
  readonly hash: string;
  readonly validatePredict: ValidateBody;
  readonly validateInference: (body: unknown) => InferenceRequest;
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
    validateInference: createSchemaValidator(withoutElements(document), 'InferenceRequest'),
    // Written once, when they are first asked for: that takes milliseconds, and not every start needs them.
    json: () => (json ??= JSON.stringify(document, null, 2)),
    yaml: () => (yaml ??= stringify(document, { aliasDuplicateObjects: false })),
  };
}

/** Elements are checked where they are written into their tensor; by the schema too, 300,000 took 46 ms more. */
function withoutElements(document: OpenAPIObject): OpenAPIObject {
  const { components } = document;
  const schemas = { ...components?.schemas, TensorValue: {} };
  return { ...document, components: { ...components, schemas } };
}
