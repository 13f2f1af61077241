// What a model takes and gives, as its ONNX file declares it.
import type { Datatype } from '../tensor/datatype.ts';

export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** The size of every dimension: a number, or a name (or -1) where the size is free. */
  readonly shape: readonly (number | string)[];
}

export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Whether the size of a dimension is free. */
export function isFree(size: number | string | undefined): boolean {
  return typeof size === 'string' || size === -1;
}

/**
 * How the model relates to rows:
 * - `many`: dimension 0 of every input is free, so that rows can be put together;
 * - `one`: dimension 0 of every input is 1: a row at a time;
 * - `none`: there is no dimension of rows, tensors are given whole.
 */
export type RowMode = 'many' | 'one' | 'none';

export function rowModeOf(signature: Signature): RowMode {
  const firsts = signature.inputs.map((input) => input.shape[0]);
  if (firsts.length > 0 && firsts.every(isFree) && new Set(firsts).size === 1) return 'many';
  if (firsts.length > 0 && firsts.every((size) => size === 1)) return 'one';
  return 'none';
}
