// JSON values to tensors. The values have passed the contract's schema; what a schema cannot say is checked
// here: that rows are equally long where the model leaves the length free.

import { counted } from '../util/counted.ts';
import { type Datatype, datatypes, type TensorData, WHOLE_TEXT } from './datatype.ts';
import { InputError } from './input-error.ts';
import type { Tensor } from './tensor.ts';

/** How deep arrays are nested in a value, counted along first elements: 0 for a scalar. */
export function depthOf(value: unknown): number {
  let depth = 0;
  let inner = value;
  while (Array.isArray(inner)) {
    depth++;
    inner = inner[0];
  }
  return depth;
}

/**
 * The tensor of a nested array.
 * @param pointer where the value stands in the request body, for errors
 * @throws InputError when arrays at the same depth differ in length, or a string cannot be carried whole
 */
export function tensorFromJson(value: unknown, datatype: Datatype, pointer: string): Tensor {
  const dims = sizesOf(value);
  const length = dims.reduce((product, size) => product * size, 1);
  // The sizes are those of the first arrays: before memory is taken for them, as many elements must be there.
  if (countElements(value, dims.length) !== length) fill(() => {}, value, dims, 0, 0, pointer);
  const data = datatypes[datatype].allocate(length);
  fill(writer(data), value, dims, 0, 0, pointer);
  return { datatype, dims, data };
}

/**
 * How many elements a nested array has, without looking at each.
 * @param depth of the arrays; what nests deeper counts as one element
 */
export function countElements(value: unknown, depth: number): number {
  if (depth === 0 || !Array.isArray(value)) return 1;
  if (depth === 1) return value.length;
  let count = 0;
  for (const inner of value) count += countElements(inner, depth - 1);
  return count;
}

function sizesOf(value: unknown): number[] {
  const sizes = [];
  let inner = value;
  while (Array.isArray(inner)) {
    sizes.push(inner.length);
    inner = inner[0];
  }
  return sizes;
}

/** Puts an element of a tensor at its place. */
export type Write = (at: number, element: unknown) => void;

/**
 * Converts elements to what the tensor holds; whether they have the right type and range has been checked before.
 * @returns a function that throws a RangeError for a string that cannot be carried whole
 */
export function writer(data: TensorData): Write {
  if (Array.isArray(data))
    return (at, element) => {
      data[at] = wholeText(String(element));
    };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return (at, element) => {
      data[at] = BigInt(Number(element));
    };
  return (at, element) => {
    data[at] = Number(element);
  };
}

/** A text that ONNX Runtime takes as it is. @throws RangeError for another */
export function wholeText(text: string): string {
  if (!text.includes('\0') && text.isWellFormed()) return text;
  throw new RangeError(`expected ${WHOLE_TEXT.phrase}, got ${JSON.stringify(text.slice(0, 40))}`);
}

/** Writes `value` from index `at` on and returns the index after it. */
function fill(
  write: Write,
  value: unknown,
  dims: readonly number[],
  axis: number,
  at: number,
  pointer: string,
): number {
  if (axis === dims.length) {
    if (Array.isArray(value)) throw new InputError(pointer, 'expected one element, got an array');
    writeAt(write, at, value, pointer);
    return at + 1;
  }
  const expected = dims[axis] ?? 0;
  if (!Array.isArray(value) || value.length !== expected)
    throw new InputError(
      pointer,
      `expected ${counted(expected, 'element')} like the first of its siblings, got ${Array.isArray(value) ? value.length : 'one that is not an array'}: the rows of a batch must have the same shape`,
    );
  let next = at;
  for (let i = 0; i < value.length; i++)
    next = fill(
      write,
      value[i],
      dims,
      axis + 1,
      next,
      axis === dims.length - 1 ? pointer : `${pointer}/${i}`,
    );
  return next;
}

function writeAt(write: Write, at: number, value: unknown, pointer: string): void {
  try {
    write(at, value);
  } catch (error) {
    throw error instanceof RangeError ? new InputError(pointer, error.message) : error;
  }
}
