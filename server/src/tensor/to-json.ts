// Tensors to nested arrays that JSON can carry, without losing or inventing a value.
import type { Tensor } from './tensor.ts';

/** What JSON.parse asks of every value, with its text where it is a number, a string, or the like. */
export type JsonReviver = (
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

declare global {
  interface JSON {
    // In V8 since 11.4, not yet in TypeScript's library: https://github.com/tc39/proposal-json-parse-with-source
    rawJSON(text: string): object;
    parse(text: string, reviver: JsonReviver): unknown;
  }
}

/** A value that JSON.stringify writes; integers beyond 2^53 as raw JSON with all their digits. */
export type JsonValue = number | string | boolean | JsonValue[] | object;

/** An element as text: all digits of an integer, whatever its size. */
export function textOf(value: JsonValue): string {
  return typeof value === 'object' && 'rawJSON' in value ? String(value.rawJSON) : String(value);
}

/** Thrown for NaN and infinite outputs, which JSON cannot carry. */
export class NonFiniteOutputError extends Error {
  override readonly name = 'NonFiniteOutputError';
}

/**
 * The nested arrays of a tensor; the element itself when it has no dimension.
 * @param name the output's name, for the error
 * @throws NonFiniteOutputError when an element is NaN or infinite
 */
export function tensorToJson(tensor: Tensor, name: string): JsonValue {
  return nest(tensor, name, 0, 0, tensor.data.length);
}

function nest(tensor: Tensor, name: string, axis: number, start: number, end: number): JsonValue {
  const size = tensor.dims[axis];
  if (size === undefined) return elementToJson(tensor, name, start);
  const values = new Array<JsonValue>(size);
  const step = size === 0 ? 0 : (end - start) / size;
  for (let i = 0; i < size; i++)
    values[i] = nest(tensor, name, axis + 1, start + i * step, start + (i + 1) * step);
  return values;
}

/**
 * All elements of a tensor in row-major order, not nested.
 * @throws NonFiniteOutputError when one is NaN or infinite
 */
export function elementsToJson(tensor: Tensor, name: string): JsonValue[] {
  const values = new Array<JsonValue>(tensor.data.length);
  for (let at = 0; at < values.length; at++) values[at] = elementToJson(tensor, name, at);
  return values;
}

/**
 * One element of a tensor.
 * @throws NonFiniteOutputError when it is NaN or infinite
 */
export function elementToJson(tensor: Tensor, name: string, at: number): JsonValue {
  const element = tensor.data[at];
  if (element === undefined) throw new RangeError(`no element ${at} in ${tensor.data.length}`);
  if (tensor.datatype === 'bool') return element !== 0;
  if (typeof element === 'bigint') {
    const number = Number(element);
    return Number.isSafeInteger(number) ? number : JSON.rawJSON(String(element));
  }
  if (typeof element === 'number' && !Number.isFinite(element))
    throw new NonFiniteOutputError(
      `The model's output ${JSON.stringify(name)} has the value ${element}, which JSON cannot carry.`,
    );
  return element;
}
