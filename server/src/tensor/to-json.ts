// Tensors to nested arrays that JSON can carry, without losing or inventing a value.
import { isFloat } from './datatype.ts';
import type { Tensor } from './tensor.ts';

declare global {
  interface JSON {
    /** In V8 since 11.4, not yet in TypeScript's library: https://github.com/tc39/proposal-json-parse-with-source */
    rawJSON(text: string): object;
  }
}

/** A value that JSON.stringify writes; integers beyond 2^53 as raw JSON with all their digits. */
export type JsonValue = number | string | boolean | JsonValue[] | object;

/** Thrown for NaN and infinite outputs, which JSON cannot carry. */
export class NonFiniteOutputError extends Error {
  override readonly name = 'NonFiniteOutputError';
}

/**
 * The nested arrays of a tensor; the element itself when it has no dimension.
 * @throws NonFiniteOutputError when an element is NaN or infinite
 */
export function tensorToJson(tensor: Tensor, name: string): JsonValue {
  if (isFloat(tensor.datatype))
    for (const element of tensor.data)
      if (!Number.isFinite(element))
        throw new NonFiniteOutputError(
          `The model's output ${JSON.stringify(name)} has the value ${String(element)}, which JSON cannot carry.`,
        );
  return nest(tensor, 0, 0, tensor.data.length);
}

function nest(tensor: Tensor, axis: number, start: number, end: number): JsonValue {
  const size = tensor.dims[axis];
  if (size === undefined) return elementToJson(tensor, start);
  const values = new Array<JsonValue>(size);
  const step = size === 0 ? 0 : (end - start) / size;
  for (let i = 0; i < size; i++)
    values[i] = nest(tensor, axis + 1, start + i * step, start + (i + 1) * step);
  return values;
}

/** One element of a tensor as JSON. */
export function elementToJson(tensor: Tensor, at: number): JsonValue {
  const element = tensor.data[at];
  if (element === undefined) throw new RangeError(`no element ${at} in ${tensor.data.length}`);
  if (tensor.datatype === 'bool') return element !== 0;
  if (typeof element !== 'bigint') return element;
  const number = Number(element);
  return Number.isSafeInteger(number) ? number : JSON.rawJSON(String(element));
}
