// Canonical JSON (RFC 8785), whose SHA-256 is a contract's hash.

/** Many times the depth of a contract; what walks it recursively would overflow on what is nested deeply. */
const DEEPEST = 200;

/**
 * The canonical form of what JSON gave: keys in the order of their UTF-16 code units, numbers and texts as JSON.stringify writes them.
 * @throws RangeError for what is nested too deeply
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > DEEPEST) throw new RangeError(`nested more than ${DEEPEST} levels deep`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}
