const LONGEST = 60;

/** What a server sent, as a part of a message: its beginning, on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object';
  // Texts in quotes, without line ends; Infinity, of 1e400, as itself.
  const text =
    typeof value === 'string' ? JSON.stringify(value.slice(0, LONGEST + 1)) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
