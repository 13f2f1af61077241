// A tensor as plain data, so that it can cross to a worker thread, with the few operations a batch needs.
import { type Datatype, datatypes, type TensorData } from './datatype.ts';

export interface Tensor {
  readonly datatype: Datatype;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** Tensors by name, in the order of the model's signature; made by `tensorsByName`, so that no name breaks it. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** An empty set of tensors by name, without the names that every object inherits, such as `constructor`. */
export function tensorsByName(): Record<string, Tensor> {
  return Object.create(null);
}

/** About how much memory tensors take, in bytes. */
export function bytesOf(tensors: Tensors): number {
  let bytes = 0;
  for (const name in tensors) {
    const data = tensors[name]?.data ?? [];
    if (Array.isArray(data)) for (const text of data) bytes += STRING_BYTES + 2 * text.length;
    else bytes += data.byteLength;
  }
  return bytes;
}

/** What a string takes beside its characters, about: a pointer to it, and its header. */
const STRING_BYTES = 24;

/** Puts tensors of equal datatype and equal trailing dimensions one after the other along dimension 0. */
export function concatenate(parts: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first;
  let rows = 0;
  let length = 0;
  for (const part of parts) {
    rows += part.dims[0] ?? 0;
    length += part.data.length;
  }
  const data = datatypes[first.datatype].allocate(length);
  if (Array.isArray(data)) {
    let at = 0;
    for (const part of parts) for (const element of part.data) data[at++] = String(element);
  } else {
    const target = new Uint8Array(data.buffer);
    let at = 0;
    for (const part of parts) {
      if (Array.isArray(part.data)) throw new TypeError('a string tensor among numeric ones');
      target.set(new Uint8Array(part.data.buffer, part.data.byteOffset, part.data.byteLength), at);
      at += part.data.byteLength;
    }
  }
  return { datatype: first.datatype, dims: [rows, ...first.dims.slice(1)], data };
}

/** The rows `start` (included) to `end` (excluded) along dimension 0, sharing the memory where it can. */
export function rowsOf(tensor: Tensor, start: number, end: number): Tensor {
  const rows = tensor.dims[0] ?? 0;
  if (start === 0 && end === rows) return tensor;
  const width = tensor.data.length / rows;
  const from = start * width;
  const to = end * width;
  return {
    datatype: tensor.datatype,
    dims: [end - start, ...tensor.dims.slice(1)],
    data: Array.isArray(tensor.data) ? tensor.data.slice(from, to) : tensor.data.subarray(from, to),
  };
}

/** The largest difference between two numeric tensors; Infinity when they cannot be compared. */
export function largestDifference(a: Tensor, b: Tensor): number {
  if (a.datatype !== b.datatype || a.data.length !== b.data.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [a.data[i], b.data[i]];
    if (Object.is(x, y)) continue;
    if (typeof x === 'string' || typeof y === 'string') return Infinity;
    const difference = Math.abs(Number(x) - Number(y));
    // Bits that differ though the numbers do not (0 and -0) still count as a difference.
    largest = Math.max(
      largest,
      Number.isNaN(difference) ? Infinity : difference || Number.MIN_VALUE,
    );
  }
  return largest;
}
