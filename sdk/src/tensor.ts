// Tensors as typed arrays, and their binary form in the Open Inference Protocol: little-endian, as every machine that
// runs JavaScript engines of today; strings each after its length in 4 bytes.
import { concatenate } from './concatenate.ts';
import { ConfigurationError } from './errors.ts';
import type { InferenceDatatype } from './generated/types.gen.js';

/** The elements of a tensor in row-major order. Half-precision numbers (FP16) are in a Uint16Array, as their bits. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[]
  | readonly boolean[];

/** A tensor to send. */
export interface TensorInput {
  readonly data: TensorData;
  /** The size of every dimension. Default: one dimension with all elements. */
  readonly shape?: readonly number[] | undefined;
  /** Default: what the kind of array says. `FP16` for a Uint16Array of half-precision bits. */
  readonly datatype?: InferenceDatatype | undefined;
}

/** A tensor as it came. */
export interface Tensor {
  readonly datatype: InferenceDatatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What holds the elements of a datatype. */
export const arrays = {
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
  INT8: Int8Array,
  UINT8: Uint8Array,
  INT16: Int16Array,
  UINT16: Uint16Array,
  INT32: Int32Array,
  UINT32: Uint32Array,
  INT64: BigInt64Array,
  UINT64: BigUint64Array,
} as const;

/** A string's length stands before it in binary. */
export const LENGTH_BYTES = 4;

/** @throws ConfigurationError when the elements are not as many as the shape says, or numbers in an array that says no datatype */
export function encodeTensor(name: string, { data, shape = [data.length], datatype }: TensorInput) {
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected)
    throw new ConfigurationError(
      'inputs',
      `The tensor "${name}" has ${data.length} elements, and its shape ${JSON.stringify(shape)} needs ${expected}`,
    );
  if (isList(data) && typeof data[0] === 'number')
    throw new ConfigurationError(
      'inputs',
      `The tensor "${name}" has its numbers in an array; expected one with a datatype, such as a Float32Array`,
    );
  return { datatype: datatype ?? datatypeOf(data), shape, bytes: toBytes(data) };
}

function datatypeOf(data: TensorData): InferenceDatatype {
  if (isList(data)) return typeof data[0] === 'boolean' ? 'BOOL' : 'BYTES';
  const found = Object.entries(arrays).findLast(([, Kind]) => data instanceof Kind);
  return (found?.[0] ?? 'FP32') as InferenceDatatype; // the table's keys are datatypes
}

function toBytes(data: TensorData): Uint8Array {
  if (!isList(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  for (const element of data) {
    if (typeof element === 'boolean') parts.push(Uint8Array.of(element ? 1 : 0));
    else {
      const text = encoder.encode(element);
      const length = new Uint8Array(LENGTH_BYTES);
      new DataView(length.buffer).setUint32(0, text.byteLength, true);
      parts.push(length, text);
    }
  }
  return concatenate(parts);
}

/**
 * The elements as JSON, with every digit of 64-bit integers.
 * @throws ConfigurationError for what JSON cannot carry
 */
export function jsonOf(name: string, datatype: InferenceDatatype, data: TensorData): string {
  if (isList(data)) return JSON.stringify(data);
  if (datatype === 'FP16')
    throw new ConfigurationError(
      'inputs',
      `The tensor "${name}" is FP16, which JSON cannot represent, and this server accepts no binary tensors; send FP32`,
    );
  const strange = Array.prototype.findIndex.call(
    data,
    (x) => typeof x === 'number' && !Number.isFinite(x),
  );
  if (strange >= 0)
    throw new ConfigurationError(
      'inputs',
      `The tensor "${name}" has ${data[strange]} at ${strange}, which JSON cannot carry, and this server accepts no binary tensors; send a finite number`,
    );
  return `[${data.join(',')}]`;
}

function isList(data: TensorData): data is readonly string[] | readonly boolean[] {
  return Array.isArray(data);
}
