// JSON as it is written, not as it is meant: with keys that come twice, and tokens that are no JSON.

export type Json =
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Json])[] }
  | { readonly kind: 'array'; readonly items: readonly Json[] }
  | { readonly kind: 'token'; readonly text: string };

export const object = (members: readonly (readonly [string, Json])[]): Json => ({
  kind: 'object',
  members,
});
export const array = (items: readonly Json[]): Json => ({ kind: 'array', items });
export const token = (text: string): Json => ({ kind: 'token', text });

export function write(json: Json): string {
  switch (json.kind) {
    case 'object':
      return `{${json.members.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`;
    case 'array':
      return `[${json.items.map(write).join(',')}]`;
    case 'token':
      return json.text;
  }
}

/** Parses a text; whole numbers that a double cannot hold come as bigint. @returns undefined for what is no JSON */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text, keepDigits);
  } catch (error) {
    // V8 parses any depth, but calls a reviver recursively.
    return error instanceof RangeError ? JSON.parse(text) : undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined)
    return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** A member of an object, if it has it itself. */
export function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
