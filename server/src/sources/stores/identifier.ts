/** A registry's name as model.json takes it for a name or version: letters, digits, `.`, `_` and `-`, at most 63. */
export function identifier(name: string): string | undefined {
  const kept = name.slice(0, 256).replace(/[^A-Za-z0-9._-]+/g, '-');
  // At both ends a letter or digit.
  const [found] = /[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?/.exec(kept) ?? [];
  return found;
}
