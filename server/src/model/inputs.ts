// The `inputs` of a request, which have passed the contract, to the tensors that the model takes.

import { isNamed, type TensorSpec } from '../runtime/signature.ts';
import { depthOf, tensorFromJson } from '../tensor/from-json.ts';
import { InputError } from '../tensor/input-error.ts';
import { type Tensor, type Tensors, tensorsByName } from '../tensor/tensor.ts';
import { tensorToJson } from '../tensor/to-json.ts';
import type { Work } from '../tensor/work.ts';
import { counted } from '../util/counted.ts';
import { isRecord } from '../util/is-record.ts';
import type { Model } from './model.ts';

/**
 * One row, a batch of rows or named tensors, as tensors with a dimension of rows.
 * @throws InputError when rows differ in shape, or named tensors in their number of rows
 */
export function encodeInputs(model: Model, inputs: unknown): Work {
  const { inputs: specs } = model.signature;
  const [only] = specs;
  if (specs.length === 1 && only) {
    const tensor = encodeTensor(model, only, inputs, '/inputs');
    const feeds = tensorsByName();
    feeds[only.name] = tensor;
    return { feeds, rows: rowsIn(model, tensor) };
  }
  const feeds = tensorsByName();
  for (const spec of specs) {
    const value =
      isRecord(inputs) && Object.hasOwn(inputs, spec.name) ? inputs[spec.name] : undefined;
    feeds[spec.name] = encodeTensor(model, spec, value, pointerTo(spec.name));
  }
  return workOf(model, feeds);
}

/** One row of inputs that have passed `encodeInputs`, in the form that they came in. */
export function inputsOfRow(model: Model, inputs: unknown, row: number): unknown {
  const { inputs: specs } = model.signature;
  const [only] = specs;
  const of = (spec: TensorSpec, value: unknown) =>
    Array.isArray(value) && !isOneRow(model, spec, value) && model.rowMode === 'many'
      ? value[row]
      : value;
  if (specs.length === 1 && only) return of(only, inputs);
  if (!isRecord(inputs)) return inputs;
  return Object.fromEntries(specs.map((spec) => [spec.name, of(spec, inputs[spec.name])]));
}

/**
 * Whole tensors in the form of the contract's `inputs`.
 * @throws NonFiniteOutputError for what JSON cannot carry
 */
export function inputsToJson(model: Model, feeds: Tensors): unknown {
  const values = model.signature.inputs.flatMap(({ name }) => {
    const tensor = feeds[name];
    return tensor === undefined ? [] : [[name, tensorToJson(tensor, name)] as const];
  });
  return values.length === 1 ? values[0]?.[1] : Object.fromEntries(values);
}

/**
 * Whole tensors as work, in the order of the signature whatever theirs is: what may share a run is told by it.
 * @throws InputError when they differ in their number of rows
 */
export function workOf(model: Model, tensors: Tensors): Work {
  const feeds = tensorsByName();
  let rows: number | undefined;
  for (const { name } of model.signature.inputs) {
    const tensor = tensors[name];
    if (tensor === undefined) throw new InputError(pointerTo(name), 'expected a tensor, got none');
    feeds[name] = tensor;
    const own = rowsIn(model, tensor);
    rows ??= own;
    if (own !== rows)
      throw new InputError(
        pointerTo(name),
        `expected ${counted(rows, 'row')} as in ${JSON.stringify(model.signature.inputs[0]?.name)}, got ${own}`,
      );
  }
  return { feeds, rows: rows ?? 1 };
}

/**
 * Why a model may have failed on tensors: sizes that differ though the model calls them by one name. ONNX Runtime does not
 * compare them before it runs, and a model may take them, say by broadcasting.
 * @returns undefined when there are none
 */
export function unequalSizes(model: Model, feeds: Tensors): InputError | undefined {
  const sizes = new Map<string, { size: number; input: string }>();
  for (const spec of model.signature.inputs)
    for (const [axis, name] of spec.shape.entries()) {
      const size = feeds[spec.name]?.dims[axis];
      if (size === undefined || typeof name !== 'string' || !isNamed(name)) continue;
      const known = sizes.get(name);
      if (known === undefined) sizes.set(name, { size, input: spec.name });
      else if (known.size !== size)
        return new InputError(
          pointerTo(spec.name),
          `expected ${known.size} in dimension ${axis} (${name}) as in ${JSON.stringify(known.input)}, got ${size}`,
        );
    }
  return undefined;
}

function encodeTensor(model: Model, spec: TensorSpec, value: unknown, pointer: string): Tensor {
  const tensor = tensorFromJson(value, spec.datatype, pointer);
  return isOneRow(model, spec, value) ? { ...tensor, dims: [1, ...tensor.dims] } : tensor;
}

/** Whether a value is a row without the dimension of rows. */
function isOneRow(model: Model, spec: TensorSpec, value: unknown): boolean {
  return model.rowMode !== 'none' && depthOf(value) === spec.shape.length - 1;
}

function rowsIn(model: Model, tensor: Tensor): number {
  return model.rowMode === 'many' ? (tensor.dims[0] ?? 1) : 1;
}

function pointerTo(name: string): string {
  return `/inputs/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`; // RFC 6901
}
