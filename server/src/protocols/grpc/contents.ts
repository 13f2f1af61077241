// The elements of a tensor as the message InferTensorContents has them, read and written in one pass over its bytes.

import { isUtf8 } from 'node:buffer';
import type { SchemaObject } from 'openapi3-ts/oas31';
import protobuf from 'protobufjs';
import { type Datatype, datatypes, type TensorData } from '../../tensor/datatype.ts';
import { wholeText } from '../../tensor/from-json.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { counted } from '../../util/counted.ts';
import { withArticle } from '../../util/quote.ts';

const VARINT = 0;
const BYTES_8 = 1;
const LENGTH = 2;
const BYTES_4 = 5;

interface Field {
  readonly name: string;
  readonly number: number;
  /** How an element stands alone; several stand one after the other, after their length. */
  readonly wireType: number;
}

/** The fields of InferTensorContents. */
const fields = {
  bool: { name: 'bool_contents', number: 1, wireType: VARINT },
  int: { name: 'int_contents', number: 2, wireType: VARINT },
  int64: { name: 'int64_contents', number: 3, wireType: VARINT },
  uint: { name: 'uint_contents', number: 4, wireType: VARINT },
  uint64: { name: 'uint64_contents', number: 5, wireType: VARINT },
  fp32: { name: 'fp32_contents', number: 6, wireType: BYTES_4 },
  fp64: { name: 'fp64_contents', number: 7, wireType: BYTES_8 },
  bytes: { name: 'bytes_contents', number: 8, wireType: LENGTH },
} as const satisfies Record<string, Field>;

export const contentsFields: readonly Field[] = Object.values(fields);

/** The field of a datatype; none for FP16. */
const fieldOf: Readonly<Record<Datatype, Field | undefined>> = {
  bool: fields.bool,
  int8: fields.int,
  int16: fields.int,
  int32: fields.int,
  int64: fields.int64,
  uint8: fields.uint,
  uint16: fields.uint,
  uint32: fields.uint,
  uint64: fields.uint64,
  float16: undefined,
  float32: fields.fp32,
  float64: fields.fp64,
  string: fields.bytes,
};

/** Whether tensors of a datatype can be written so. */
export function hasContents(datatype: Datatype): boolean {
  return fieldOf[datatype] !== undefined;
}

/**
 * @param bytes of the message InferTensorContents
 * @throws Error that says why these are not so many elements; the message begins "expected"
 */
export function fromContents(bytes: Uint8Array, datatype: Datatype, length: number): TensorData {
  const field = fieldOf[datatype];
  if (field === undefined)
    throw new TypeError('expected raw_input_contents, as contents have no field for FP16');
  // A shape is only a claim: memory is taken for as many elements as are there.
  const count = countElements(bytes, field);
  if (count !== length)
    throw new RangeError(`expected ${counted(length, 'element')} in ${field.name}, got ${count}`);
  const data = datatypes[datatype].allocate(length);
  const write = elementReader(data, datatype);
  const reader = protobuf.Reader.create(bytes);
  let at = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== field.number) reader.skipType(tag & 7);
    else if (field.wireType === LENGTH || (tag & 7) !== LENGTH) write(reader, at++);
    else {
      const end = reader.uint32() + reader.pos;
      at = copyWhole(data, reader, end, at);
      while (reader.pos < end) write(reader, at++);
    }
  }
  return data;
}

/** The message InferTensorContents of a tensor. */
export function toContents({ datatype, data }: Tensor): Uint8Array {
  const field = fieldOf[datatype];
  if (field === undefined) throw new TypeError(`${datatype} has no field in contents`);
  const writer = protobuf.Writer.create();
  const head = (field.number << 3) | LENGTH;
  if (Array.isArray(data)) {
    for (const text of data) writer.uint32(head).string(text);
    return writer.finish();
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const memory = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return writer.uint32(head).bytes(memory).finish();
  }
  writer.uint32(head).fork();
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    for (const element of data) writeBig(writer, element);
  else if (datatype === 'uint32') for (const element of data) writer.uint32(element);
  else for (const element of data) writer.int32(element);
  return writer.ldelim().finish();
}

/**
 * How many elements a field has. @throws TypeError when another has some, RangeError for bytes that are no such message
 */
function countElements(bytes: Uint8Array, { name, number, wireType }: Field): number {
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const got = tag & 7;
    if (tag >>> 3 !== number) {
      const other = contentsFields.find((known) => known.number === tag >>> 3);
      if (other !== undefined)
        throw new TypeError(`expected the elements in ${name}, got ${other.name}`);
      reader.skipType(got);
    } else if (got === wireType) {
      reader.skipType(got);
      count++;
    } else if (got === LENGTH) {
      const size = reader.uint32();
      const start = reader.pos;
      reader.skip(size);
      count += elementsIn(bytes, start, reader.pos, wireType);
    } else throw new TypeError(`expected ${name} as the .proto has it, got wire type ${got}`);
  }
  return count;
}

function elementsIn(bytes: Uint8Array, start: number, end: number, wireType: number): number {
  if (wireType !== VARINT) {
    const size = wireType === BYTES_4 ? 4 : 8;
    if ((end - start) % size !== 0)
      throw new RangeError(`expected whole elements of ${size} bytes, got ${end - start} bytes`);
    return (end - start) / size;
  }
  let count = 0;
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) < 0x80) count++;
  if (end > start && (bytes[end - 1] ?? 0) >= 0x80)
    throw new RangeError(`expected whole elements, and element ${count} ends early`);
  return count;
}

/** Floating-point numbers stand in a message as they do in memory. @returns the index after what was copied */
function copyWhole(data: TensorData, reader: protobuf.Reader, end: number, at: number): number {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return at;
  const target = new Uint8Array(data.buffer);
  target.set(reader.buf.subarray(reader.pos, end), at * data.BYTES_PER_ELEMENT);
  const count = (end - reader.pos) / data.BYTES_PER_ELEMENT;
  reader.skip(end - reader.pos);
  return at + count;
}

/** Reads one element to its place. */
type ReadElement = (reader: protobuf.Reader, at: number) => void;

function elementReader(data: TensorData, datatype: Datatype): ReadElement {
  if (Array.isArray(data))
    return (reader, at) => {
      data[at] = textFrom(reader.bytes(), at);
    };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const halves = new Uint32Array(data.buffer);
    return (reader, at) => {
      const { low, high } = reader.uint64();
      halves[2 * at] = low; // little-endian, as the machines that ONNX Runtime runs on
      halves[2 * at + 1] = high;
    };
  }
  if (data instanceof Float64Array)
    return (reader, at) => {
      data[at] = reader.double();
    };
  if (data instanceof Float32Array)
    return (reader, at) => {
      data[at] = reader.float();
    };
  if (datatype === 'bool')
    return (reader, at) => {
      data[at] = reader.bool() ? 1 : 0;
    };
  const { noun } = datatypes[datatype];
  const schema: SchemaObject = datatypes[datatype].schema;
  const { minimum = 0, maximum = 0 } = schema;
  const isSigned = minimum < 0;
  return (reader, at) => {
    const value = isSigned ? reader.int32() : reader.uint32();
    if (value < minimum || value > maximum)
      throw new TypeError(
        `expected each element to be ${withArticle(noun)} from ${minimum} to ${maximum}, got ${value} at ${at}`,
      );
    data[at] = value;
  };
}

function textFrom(bytes: Uint8Array, element: number): string {
  if (!isUtf8(bytes)) throw new RangeError(`expected UTF-8, and element ${element} is not`);
  return wholeText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

function writeBig(writer: protobuf.Writer, element: bigint): void {
  const number = Number(element);
  // Both are written alike, so that what is beyond int64 can be written as what has the same bits.
  writer.int64(Number.isSafeInteger(number) ? number : String(BigInt.asIntN(64, element)));
}
