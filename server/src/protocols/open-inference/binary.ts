// Tensors in binary: little-endian elements in row-major order; strings each after its length in 4 bytes.
// https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md and Triton's
// extension_binary_data.md
import { isUtf8 } from 'node:buffer';
import { type Datatype, datatypes, type TensorData } from '../../tensor/datatype.ts';
import { wholeText } from '../../tensor/from-json.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { counted } from '../../util/counted.ts';

const LENGTH_BYTES = 4;

/** Bytes of an element; undefined for strings, each of which has its own. */
export function elementBytes(datatype: Datatype): number | undefined {
  const none = datatypes[datatype].allocate(0);
  return Array.isArray(none) ? undefined : none.BYTES_PER_ELEMENT;
}

/** @throws Error that says why these bytes are not so many elements; the message begins "expected" */
export function fromBinary(bytes: Buffer, datatype: Datatype, length: number): TensorData {
  if (datatype === 'string') return stringsFrom(bytes, length);
  const expected = length * (elementBytes(datatype) ?? 0);
  if (bytes.length !== expected)
    throw new RangeError(
      `expected ${counted(expected, 'byte')} (${counted(length, 'element')}), got ${bytes.length}`,
    );
  const data = datatypes[datatype].allocate(length);
  if (Array.isArray(data)) throw new TypeError(`${datatype} has no binary form`);
  const target = new Uint8Array(data.buffer);
  target.set(bytes); // copied: the bytes need not lie at a multiple of the element's size
  if (datatype === 'bool') for (let i = 0; i < length; i++) target[i] = target[i] === 0 ? 0 : 1;
  return data;
}

export function toBinary({ data }: Tensor): Buffer {
  if (!Array.isArray(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const parts: Buffer[] = [];
  for (const text of data) {
    const content = Buffer.from(text);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(content.length);
    parts.push(length, content);
  }
  return Buffer.concat(parts);
}

function stringsFrom(bytes: Buffer, length: number): string[] {
  const strings: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + LENGTH_BYTES;
    const end = start <= bytes.length ? start + bytes.readUInt32LE(at) : Infinity;
    if (end > bytes.length)
      throw new RangeError(`expected whole elements, and element ${strings.length} ends early`);
    strings.push(textOf(bytes.subarray(start, end), strings.length));
    at = end;
  }
  if (strings.length !== length)
    throw new RangeError(`expected ${counted(length, 'element')}, got ${strings.length}`);
  return strings;
}

/** @throws RangeError for bytes that are no text which can be carried whole */
export function textOf(bytes: Buffer, element = 0): string {
  if (!isUtf8(bytes)) throw new RangeError(`expected UTF-8, and element ${element} is not`);
  return wholeText(bytes.toString());
}
