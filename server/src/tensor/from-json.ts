// JSON values to tensors. The values have passed the contract's schema; what a schema cannot say is checked
// here: that rows are equally long where the model leaves the length free.

import { type Datatype, datatypes, type TensorData } from './datatype.ts';
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
 * @throws InputError when arrays at the same depth differ in length
 */
export function tensorFromJson(value: unknown, datatype: Datatype, pointer: string): Tensor {
  const dims = sizesOf(value);
  const data = datatypes[datatype].allocate(dims.reduce((product, size) => product * size, 1));
  const end = fill(data, writer(data), value, dims, 0, 0, pointer);
  if (end !== data.length) throw new Error(`wrote ${end} of ${data.length} elements`);
  return { datatype, dims, data };
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

/** Converts elements to what the tensor holds; whether they are right has been checked before. */
export function writer(data: TensorData): Write {
  if (Array.isArray(data))
    return (at, element) => {
      data[at] = String(element);
    };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return (at, element) => {
      data[at] = BigInt(Number(element));
    };
  return (at, element) => {
    data[at] = Number(element);
  };
}

/** Writes `value` from index `at` on and returns the index after it. */
function fill(
  data: TensorData,
  write: Write,
  value: unknown,
  dims: readonly number[],
  axis: number,
  at: number,
  pointer: string,
): number {
  if (axis === dims.length) {
    if (Array.isArray(value)) throw new InputError(pointer, 'expected one element, got an array');
    write(at, value);
    return at + 1;
  }
  const expected = dims[axis];
  if (!Array.isArray(value) || value.length !== expected)
    throw new InputError(
      pointer,
      `expected ${expected} elements like the first of its siblings, got ${Array.isArray(value) ? value.length : 'one that is no array'}: the rows of a batch must have the same shape`,
    );
  let next = at;
  for (let i = 0; i < value.length; i++)
    next = fill(
      data,
      write,
      value[i],
      dims,
      axis + 1,
      next,
      axis === dims.length - 1 ? pointer : `${pointer}/${i}`,
    );
  return next;
}
