/** A registry's name as model.json takes it for a name or version: letters, digits, `.`, `_` and `-`, at most 63. */
export function identifier(name: string): string | undefined {
  const kept = name
    .slice(0, 256)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63)
    .replace(/[^A-Za-z0-9]+$/, '');
  return kept === '' ? undefined : kept;
}
