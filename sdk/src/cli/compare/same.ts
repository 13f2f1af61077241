// What counts as the same prediction. It is what the server's shadow and golden predictions count by; a test compares the two.
import type { Prediction } from '../../generated/types.gen.js';

type Value = Prediction['prediction'][number];

/** @param tolerance largest difference of two equal numbers, absolute up to 1, relative to the first above */
export function isSame(one: Value, other: Value, tolerance: number): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((v, i) => isSame(v, other[i] ?? '', tolerance));
  if (typeof one === 'number' && typeof other === 'number')
    return distance(one, other) <= tolerance * Math.max(1, Math.abs(one));
  return one === other;
}

/** Two infinities of one sign are no distance apart. */
export function distance(one: number, other: number): number {
  return one === other ? 0 : Math.abs(one - other);
}
