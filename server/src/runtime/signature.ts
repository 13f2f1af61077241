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

/** Whether a free size has a name, and so may be the same as others of that name. Exporters write `?` for none. */
export function isNamed(size: number | string | undefined): boolean {
  return typeof size === 'string' && size !== '' && size !== '?';
}

/**
 * How the model relates to rows:
 * - `many`: dimension 0 of the only input is free, or that of every input has one name: rows can be put together;
 * - `one`: dimension 0 of every input is 1: a row at a time;
 * - `none`: there is no dimension of rows, tensors are given whole.
 */
export type RowMode = 'many' | 'one' | 'none';

export function rowModeOf(signature: Signature): RowMode {
  const firsts = signature.inputs.map((input) => input.shape[0]);
  const [first, ...others] = firsts;
  if (
    others.length === 0 ? isFree(first) : isNamed(first) && others.every((size) => size === first)
  )
    return 'many';
  if (firsts.length > 0 && firsts.every((size) => size === 1)) return 'one';
  return 'none';
}
