// Integers that a JavaScript number cannot hold: JSON.parse rounds those beyond 2^53 without a word. The digits are taken from
// the text, since not every runtime of today gives them to a reviver (`context.source`).

/** Numbers of a JSON text, and what says whether they stand in a string: its ends and escapes. */
const TOKENS = /\\.|"|-?\d[\d.eE+-]*/gs;
const INTEGER = /^-?\d+$/;

/** Whether JSON.parse may have rounded an integer to this value, or to one inside it. */
export function hasLongInteger(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value)
    ? value.some(hasLongInteger)
    : Object.values(value).some(hasLongInteger);
}

/** The value of a JSON text, in which integers beyond 2^53 are strings of their digits. */
export function parseKeepingDigits(json: string): unknown {
  return JSON.parse(mapLongIntegers(json, (digits) => `"${digits}"`));
}

/** The integers of a JSON text that no number is equal to: numbers beyond 2^53 are equal to even integers only. */
export function roundedIntegers(json: string): string[] {
  const rounded: string[] = [];
  mapLongIntegers(json, (digits) => {
    if (BigInt(Number(digits)) !== BigInt(digits)) rounded.push(digits);
    return digits;
  });
  return rounded;
}

function mapLongIntegers(json: string, map: (digits: string) => string): string {
  let isInString = false;
  return json.replaceAll(TOKENS, (token) => {
    if (token === '"') isInString = !isInString;
    const isLong = !isInString && INTEGER.test(token) && !Number.isSafeInteger(Number(token));
    return isLong ? map(token) : token;
  });
}
