// Tensors as a server sends them: exactly as their datatypes and shapes say, or refused. A typed array would make 0 of null, 44 of
// 300 and Infinity of 1e39 without a word.
import type { InferenceDatatype } from './generated/types.gen.js';
import { shown } from './shown.ts';
import { arrays, LENGTH_BYTES, type Tensor, type TensorData } from './tensor.ts';

/**
 * @param content bytes, or elements as JSON gave them, flat or nested as the shape is; integers beyond 2^53 as text
 * @throws TypeError or RangeError for what is not of the datatype and the shape
 */
export function decodeTensor(datatype: unknown, shape: unknown, content: unknown): Tensor {
  if (!isDatatype(datatype)) throw new TypeError(`its datatype is ${shown(datatype)}`);
  if (!isShape(shape)) throw new TypeError('its shape is not a list of sizes');
  const data =
    content instanceof Uint8Array
      ? fromBytes(datatype, content)
      : fromJson(datatype, flatten(content, shape));
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected)
    throw new RangeError(`its shape needs ${expected} elements, and it has ${data.length}`);
  return { datatype, shape, data };
}

function isDatatype(datatype: unknown): datatype is InferenceDatatype {
  if (typeof datatype !== 'string') return false;
  return datatype === 'BOOL' || datatype === 'BYTES' || Object.hasOwn(arrays, datatype);
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function fromBytes(datatype: InferenceDatatype, bytes: Uint8Array): TensorData {
  if (datatype === 'BOOL') return Array.from(bytes, (byte) => byte !== 0);
  if (datatype === 'BYTES') return textsFrom(bytes);
  const copy = bytes.slice(); // begins at a multiple of every element's size
  return new arrays[datatype](copy.buffer);
}

function textsFrom(bytes: Uint8Array): string[] {
  const decoder = new TextDecoder();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const start = at + LENGTH_BYTES;
    at = start + view.getUint32(at, true);
    if (at > bytes.byteLength) throw new RangeError('a string ends beyond its bytes');
    texts.push(decoder.decode(bytes.subarray(start, at)));
  }
  return texts;
}

/** A dimension at a time, by the shape: neither depth nor length of what a server sent makes it deep or slow. */
function flatten(values: unknown, shape: readonly number[]): readonly unknown[] {
  if (!Array.isArray(values)) throw new TypeError('its data is not a list');
  let flat: unknown[] = values;
  if (!flat.some(Array.isArray)) return flat;
  for (const size of shape.slice(1)) {
    if (!flat.every((row) => Array.isArray(row) && row.length === size))
      throw new RangeError('its data is not nested as its shape says');
    flat = flat.flat();
  }
  return flat;
}

function fromJson(datatype: InferenceDatatype, values: readonly unknown[]): TensorData {
  const refuse = (value: unknown): never => {
    throw new RangeError(`${shown(value)} is no ${datatype}`);
  };
  switch (datatype) {
    case 'BYTES':
      return values.map((value) => (typeof value === 'string' ? value : refuse(value)));
    case 'BOOL':
      return values.map((value) => (typeof value === 'boolean' ? value : refuse(value)));
    case 'INT64':
      return BigInt64Array.from(
        values,
        (value) => integerIn(value, BigInt.asIntN) ?? refuse(value),
      );
    case 'UINT64':
      return BigUint64Array.from(
        values,
        (value) => integerIn(value, BigInt.asUintN) ?? refuse(value),
      );
    case 'FP16':
      throw new TypeError('JSON has no form for FP16');
  }
  const data = new arrays[datatype](values.length);
  const isFloat = datatype === 'FP32' || datatype === 'FP64';
  for (const [i, value] of values.entries()) {
    if (typeof value !== 'number') return refuse(value);
    data[i] = value;
    // A float may be rounded to fewer digits, and to no other size.
    if (isFloat ? !Number.isFinite(data[i]) : data[i] !== value) refuse(value);
  }
  return data;
}

/** 20 digits and a sign are the longest of 64 bits. */
const INTEGER = /^-?\d{1,20}$/;

/** An integer of JSON: a number that holds it, or all its digits as text. */
function integerIn(
  value: unknown,
  wrap: (bits: number, integer: bigint) => bigint,
): bigint | undefined {
  const isWhole =
    (typeof value === 'string' && INTEGER.test(value)) ||
    (typeof value === 'number' && Number.isSafeInteger(value));
  const integer = isWhole ? BigInt(value) : undefined;
  return integer !== undefined && wrap(64, integer) === integer ? integer : undefined;
}
