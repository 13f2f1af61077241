// The JSON Schema of `inputs`, from the model's signature: exact shapes, datatypes, ranges and names.
// The descriptions are written so that an error can quote them: "expected 4 numbers (sepal length, …), got 3".
import type { SchemaObject } from 'openapi3-ts/oas31';
import { isFree, isNamed, type TensorSpec } from '../../runtime/signature.ts';
import { datatypes } from '../../tensor/datatype.ts';
import { counted } from '../../util/counted.ts';
import type { Model } from '../model.ts';

/** The two forms of one tensor's value, and the schema that takes either. */
export interface InputForms {
  /** One row; undefined for a model without rows. */
  readonly row: SchemaObject | undefined;
  /** A batch of rows, or the whole tensor of a model without rows. */
  readonly whole: SchemaObject;
  readonly either: SchemaObject;
}

/** The forms of every input, by the JSON Pointer at which a request has it. */
export type FormsByPointer = ReadonlyMap<string, InputForms & { readonly spec: TensorSpec }>;

/** The schema of `inputs`: one tensor's for a model with one input, else an object of named tensors. */
export function inputsSchema(
  model: Model,
  maxRows: number,
): { schema: SchemaObject; forms: FormsByPointer } {
  const { inputs } = model.signature;
  const [only] = inputs;
  if (inputs.length === 1 && only) {
    const forms = inputForms(only, model, maxRows);
    return { schema: forms.either, forms: new Map([['/inputs', { ...forms, spec: only }]]) };
  }
  const all = inputs.map((spec) => ({ ...inputForms(spec, model, maxRows), spec }));
  return {
    schema: {
      type: 'object',
      description: `an object with the tensors ${inputs.map(({ name }) => `"${name}"`).join(', ')}`,
      required: inputs.map(({ name }) => name),
      additionalProperties: false,
      properties: Object.fromEntries(all.map(({ spec, either }) => [spec.name, either])),
    },
    forms: new Map(all.map((form) => [`/inputs/${escapePointer(form.spec.name)}`, form])),
  };
}

function inputForms(spec: TensorSpec, model: Model, maxRows: number): InputForms {
  const [, ...rowShape] = spec.shape;
  if (model.rowMode === 'none') {
    const whole = tensorSchema(spec, spec.shape, undefined);
    return { row: undefined, whole, either: whole };
  }
  const row = tensorSchema(
    spec,
    rowShape,
    model.features?.map(({ name }) => name),
  );
  const most = model.rowMode === 'many' ? maxRows : 1;
  const whole: SchemaObject = {
    type: 'array',
    description: most === 1 ? 'a batch of exactly 1 row' : `a batch of 1 to ${most} rows`,
    minItems: 1,
    maxItems: most,
    items: row,
  };
  // A single value is no array, and `inputs` is one: rows of a model of plain values come as a batch.
  if (rowShape.length === 0) return { row: undefined, whole, either: whole };
  return {
    row,
    whole,
    either: {
      description: `one row of ${row.description}, or ${whole.description}`,
      anyOf: [row, whole],
    },
  };
}

/** A nested array of the given sizes. */
function tensorSchema(
  spec: TensorSpec,
  shape: readonly (number | string)[],
  featureNames: readonly string[] | undefined,
): SchemaObject {
  const { schema, noun } = datatypes[spec.datatype];
  const [size, ...inner] = shape;
  if (size === undefined)
    return { ...schema, description: `${article(noun)} ${noun} (${spec.datatype})` };
  const fixed = typeof size === 'number' && !isFree(size) ? size : undefined;
  const names = featureNames && inner.length === 0 ? ` (${featureNames.join(', ')})` : '';
  const items = tensorSchema(spec, inner, undefined);
  const each = inner.length === 0 ? noun : 'array';
  const free = typeof size === 'string' && size !== '' ? `1 or more (${size})` : '1 or more';
  const what = fixed === undefined ? `${free} ${each}s` : counted(fixed, each);
  const of = inner.length === 0 ? '' : ` of ${items.description}`;
  return {
    type: 'array',
    ...(isNamed(size) && { title: String(size) }),
    description: `${what}${of}${names}`,
    minItems: fixed ?? 1,
    ...(fixed !== undefined && { maxItems: fixed }),
    items,
  };
}

function article(noun: string): string {
  return noun === 'integer' ? 'an' : 'a';
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1'); // RFC 6901
}
