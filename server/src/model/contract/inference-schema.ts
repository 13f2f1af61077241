// The JSON Schema of a request of the Open Inference Protocol, from the model's signature: the names, datatypes and
// ranks of its inputs, and the names of its outputs.
import type { SchemaObject } from 'openapi3-ts/oas31';
import { isFree, isNamed, type TensorSpec } from '../../runtime/signature.ts';
import { datatypes } from '../../tensor/datatype.ts';
import { protocolName } from '../../tensor/protocol-names.ts';
import type { Model } from '../model.ts';

type Schemas = Record<string, SchemaObject>;

/** The schemas of a model's request, to stand in place of those of the same names of the hand-written contract. */
export function inferenceSchemas(base: Schemas, model: Model, maxRows: number): Schemas {
  const { inputs, outputs } = model.signature;
  const {
    InferenceRequest: request,
    InferenceInput: input,
    InferenceRequestedOutput: output,
  } = base;
  if (request === undefined || input === undefined || output === undefined)
    throw new Error('openapi.yaml: the schemas of an inference request are missing');
  const items = inputs.map((spec) => inputSchema(input, spec, model, maxRows));
  const [only, ...more] = items;
  const names = inputs.map(({ name }) => JSON.stringify(name)).join(', ');
  return {
    InferenceInput: only !== undefined && more.length === 0 ? only : { oneOf: items },
    InferenceRequest: {
      ...request,
      properties: {
        ...request.properties,
        inputs: {
          ...request.properties?.['inputs'],
          description: `the inputs ${names}, each once`,
          minItems: inputs.length,
          maxItems: inputs.length,
          // As many as there are, and each among them: so each once, in any order.
          ...(inputs.length > 1 && {
            allOf: inputs.map(({ name }) => ({ contains: named(name) })),
          }),
        },
        outputs: { ...request.properties?.['outputs'], maxItems: outputs.length },
      },
    },
    InferenceRequestedOutput: {
      ...output,
      properties: {
        ...output.properties,
        name: { type: 'string', enum: outputs.map(({ name }) => name) },
        parameters: without(output, ['classification', 'shared_memory_region']),
      },
    },
  };
}

/** The same schemas without what is checked where elements are written into their tensor: 300,000 by ajv took 46 ms more. */
export function withoutElements(schemas: Schemas): Schemas {
  const { InferenceInput: input } = schemas;
  if (input === undefined) return schemas;
  const own =
    input.oneOf && input.properties === undefined
      ? { oneOf: input.oneOf.map(withAnyData) }
      : withAnyData(input);
  return { ...schemas, InferenceInput: own };
}

function withAnyData<One extends object>(input: One): One {
  const properties = 'properties' in input ? input.properties : {};
  return { ...input, properties: { ...Object(properties), data: { type: 'array' } } };
}

function inputSchema(
  base: SchemaObject,
  { name, datatype, shape }: TensorSpec,
  model: Model,
  maxRows: number,
): SchemaObject {
  const sizes = shape.map((size, axis) =>
    sizeSchema(size, axis === 0 && model.rowMode === 'many' ? maxRows : undefined),
  );
  return {
    ...base,
    description: `The tensor "${name}". It has as many elements as its shape says, in "data" or in so many bytes after the JSON.`,
    properties: {
      ...base.properties,
      name: { type: 'string', enum: [name] },
      datatype: { type: 'string', enum: [protocolName(datatype)] },
      shape: {
        type: 'array',
        description: `${shape.length} sizes`,
        minItems: shape.length,
        maxItems: shape.length,
        ...(sizes.length > 0 && { prefixItems: sizes }),
        items: { type: 'integer' },
      },
      parameters: without(base, ['shared_memory_region']),
      data: {
        ...base.properties?.['data'],
        minItems: shape.includes(0) ? 0 : 1,
        items: nested(elementSchema(datatype), Math.max(1, shape.length) - 1),
      },
    },
    oneOf: [
      { required: ['data'] },
      { required: ['parameters'], properties: { parameters: { required: ['binary_data_size'] } } },
    ],
  };
}

/** The size of a dimension; its title is the name by which the model calls it. */
function sizeSchema(size: number | string, most: number | undefined): SchemaObject {
  if (!isFree(size)) return { type: 'integer', enum: [Number(size)] };
  return {
    type: 'integer',
    ...(isNamed(size) && { title: String(size) }),
    minimum: 1,
    ...(most !== undefined && { maximum: most }),
  };
}

function elementSchema(datatype: TensorSpec['datatype']): SchemaObject {
  const { schema } = datatypes[datatype];
  return datatype === 'bool' ? { oneOf: [schema, { type: 'integer', enum: [0, 1] }] } : schema;
}

/** An element, or arrays of it that nest so deep. */
function nested(element: SchemaObject, depth: number): SchemaObject {
  if (depth === 0) return element;
  return { anyOf: [element, { type: 'array', items: nested(element, depth - 1) }] };
}

function named(name: string): SchemaObject {
  return { type: 'object', required: ['name'], properties: { name: { enum: [name] } } };
}

/** The schema of parameters, which may not have those of extensions that there are not. */
function without(base: SchemaObject, names: readonly string[]): SchemaObject {
  return {
    ...base.properties?.['parameters'],
    not: { anyOf: names.map((name) => ({ required: [name] })) },
  };
}
