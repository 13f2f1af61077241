// Keeps generated types readable. An array of exactly n items becomes a tuple type, which is right for the four
// numbers of an iris and useless for the 3 × 224 × 224 of an image: a megabyte of "number,".

/** Longer rows are typed as arrays; the server still checks their length. */
const LONGEST_TUPLE = 64;

/** A copy of a JSON schema, or document with schemas, in which only short rows of scalars have a fixed length. */
export function shortenTuples<T>(node: T): T;
export function shortenTuples(node: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => shortenTuples(item));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, shortenTuples(value)]);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  if (
    copy['type'] === 'array' &&
    (Number(copy['maxItems']) > LONGEST_TUPLE || isArrayType(copy['items']))
  ) {
    delete copy['minItems'];
    delete copy['maxItems'];
  }
  return copy;
}

function isArrayType(schema: unknown): boolean {
  return (
    typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'array'
  );
}
