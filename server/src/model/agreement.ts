// What counts as the same prediction, of two versions or of two runs.
import type { JsonValue } from '../tensor/to-json.ts';

/** What one version predicts for a request: one element a row. */
export interface Predictions {
  readonly prediction: readonly JsonValue[];
  readonly probabilities?: JsonValue;
}

export interface Agreement {
  readonly rows: number;
  /** The places of the rows that differ. */
  readonly different: readonly number[];
  /** The largest difference of any probability; undefined where one of them gives none, or of other classes. */
  readonly probabilityDifference: number | undefined;
}

/** @param tolerance largest difference of two equal numbers, absolute up to 1, relative above */
export function compare(
  champion: Predictions,
  challenger: Predictions,
  tolerance: number,
): Agreement {
  const rows = champion.prediction.length;
  const different: number[] = [];
  for (let i = 0; i < Math.max(rows, challenger.prediction.length); i++)
    if (!isSame(champion.prediction[i], challenger.prediction[i], tolerance)) different.push(i);
  return {
    rows,
    different,
    probabilityDifference: farthest(champion.probabilities, challenger.probabilities),
  };
}

/**
 * Whether two values of JSON are the same.
 * @param tolerance largest difference of two equal numbers, absolute up to 1, relative to the first above
 */
export function isSame(one: unknown, other: unknown, tolerance: number): boolean {
  const [oneInteger, otherInteger] = [largeInteger(one), largeInteger(other)];
  if (oneInteger !== undefined && otherInteger !== undefined) return oneInteger === otherInteger;
  // A fraction as large as that is written as an integer, too.
  if (oneInteger !== undefined) return isSame(Number(oneInteger), other, tolerance);
  if (otherInteger !== undefined) return isSame(one, Number(otherInteger), tolerance);
  if (Array.isArray(one) && Array.isArray(other))
    return (
      one.length === other.length && one.every((value, i) => isSame(value, other[i], tolerance))
    );
  if (typeof one === 'number' && typeof other === 'number')
    return Math.abs(one - other) <= tolerance * Math.max(1, Math.abs(one));
  return one === other;
}

function farthest(one: JsonValue | undefined, other: JsonValue | undefined): number | undefined {
  if (typeof one === 'number' && typeof other === 'number') return Math.abs(one - other);
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return undefined;
  let largest = 0;
  for (const [i, value] of one.entries()) {
    const difference = farthest(value, other[i]);
    if (difference === undefined) return undefined;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** An integer that a number cannot hold, however it is given: as bigint, or as raw JSON. */
function largeInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  const isRaw = typeof value === 'object' && value !== null && 'rawJSON' in value;
  return isRaw && /^-?\d+$/.test(String(value.rawJSON)) ? BigInt(String(value.rawJSON)) : undefined;
}
