// Integers that a JavaScript number cannot hold: JSON.parse rounds those beyond 2^53 without a word. The digits are taken from
// the text, since not every runtime of today gives them to a reviver (`context.source`).

/** Numbers of a JSON text, and what says whether they stand in a string: its ends and escapes. */
const TOKENS = /\\.|"|-?\d[\d.eE+-]*/gs;
const INTEGER = /^-?\d+$/;

/** Whether JSON.parse may have rounded an integer to this value, or to one inside it. */
export function hasLongInteger(value: unknown): boolean {
  const left = [value]; // recursion would overflow on what is nested deeply
  while (left.length > 0) {
    const next = left.pop();
    // All of these are integers, or Infinity: what many digits are rounded to.
    if (typeof next === 'number' && Math.abs(next) > Number.MAX_SAFE_INTEGER) return true;
    if (typeof next === 'object' && next !== null)
      for (const inner of Object.values(next)) left.push(inner);
  }
  return false;
}

/** The value of a JSON text, in which integers beyond 2^53 are strings of their digits. */
export function parseKeepingDigits(json: string): unknown {
  return JSON.parse(mapLongIntegers(json, (digits) => `"${digits}"`));
}

/**
 * The integers of a JSON text that no number is equal to, in time that grows with its length: numbers beyond 2^53 are equal to even
 * integers only, and none is as large as 1e309.
 */
export function roundedIntegers(json: string): string[] {
  const rounded: string[] = [];
  mapLongIntegers(json, (digits) => {
    const nearest = Number(digits);
    if (!Number.isFinite(nearest) || BigInt(nearest) !== BigInt(digits)) rounded.push(digits);
    return digits;
  });
  return rounded;
}

function mapLongIntegers(json: string, map: (digits: string) => string): string {
  let isInString = false;
  return json.replaceAll(TOKENS, (token) => {
    if (token === '"') isInString = !isInString;
    if (isInString || Math.abs(Number(token)) <= Number.MAX_SAFE_INTEGER) return token;
    return INTEGER.test(token) || Math.abs(Number(token)) === Infinity ? map(token) : token;
  });
}
