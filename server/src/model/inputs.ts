// The `inputs` of a request, which have passed the contract, to the tensors that the model takes.

import { isFree, type TensorSpec } from '../engine/signature.ts';
import type { Work } from '../engine/work.ts';
import { depthOf, tensorFromJson } from '../tensor/from-json.ts';
import { InputError } from '../tensor/input-error.ts';
import type { Tensor } from '../tensor/tensor.ts';
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
    return { feeds: { [only.name]: tensor }, rows: rowsIn(model, tensor) };
  }
  const feeds: Record<string, Tensor> = {};
  for (const spec of specs) {
    const value = isRecord(inputs) ? inputs[spec.name] : undefined;
    feeds[spec.name] = encodeTensor(model, spec, value, pointerTo(spec.name));
  }
  return workOf(model, feeds);
}

/**
 * Whole tensors as work.
 * @throws InputError when they differ in their number of rows, or in another size that the model calls by one name
 */
export function workOf(model: Model, feeds: Readonly<Record<string, Tensor>>): Work {
  checkSizes(model, feeds);
  const [only] = model.signature.inputs;
  const first = only && feeds[only.name];
  return { feeds, rows: first ? rowsIn(model, first) : 1 };
}

function encodeTensor(model: Model, spec: TensorSpec, value: unknown, pointer: string): Tensor {
  const isRow = model.rowMode !== 'none' && depthOf(value) === spec.shape.length - 1;
  const tensor = tensorFromJson(value, spec.datatype, pointer);
  return isRow ? { ...tensor, dims: [1, ...tensor.dims] } : tensor;
}

function rowsIn(model: Model, tensor: Tensor): number {
  return model.rowMode === 'many' ? (tensor.dims[0] ?? 1) : 1;
}

/** Dimensions that the model calls by the same name must have the same size in all inputs. */
function checkSizes(model: Model, feeds: Readonly<Record<string, Tensor>>): void {
  const sizes = new Map<string, { size: number; input: string }>();
  for (const spec of model.signature.inputs) {
    const dims = feeds[spec.name]?.dims ?? [];
    for (const [axis, name] of spec.shape.entries()) {
      const size = dims[axis];
      // Dimension 0 is the rows, however it is called: rowMode `many` means that all inputs have it free.
      const key = axis === 0 && model.rowMode === 'many' ? 'rows' : String(name);
      if (size === undefined || !isFree(name) || key === '-1' || key === '') continue; // no name
      const known = sizes.get(key);
      if (known === undefined) sizes.set(key, { size, input: spec.name });
      else if (known.size !== size)
        throw new InputError(
          pointerTo(spec.name),
          `expected ${known.size} in dimension ${axis} (${key}) as in ${JSON.stringify(known.input)}, got ${size}`,
        );
    }
  }
}

function pointerTo(name: string): string {
  return `/inputs/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`; // RFC 6901
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
