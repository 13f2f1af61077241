/** A URL without the slashes at its end. No regular expression: `/\/+$/` takes quadratic time on slashes in the middle. */
function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return url.slice(0, end);
}

/**
 * Reads where a server is.
 * @param origin what a path alone is below
 * @param refuse told why the text is no such URL, without what may be a password in it
 * @returns the URL, without slashes at its end
 */
export function baseUrlIn(
  text: string,
  { origin, example = 'http://localhost:5000' }: { origin?: string | undefined; example?: string },
  refuse: (problem: string) => never,
): string {
  const url = URL.canParse(text, origin) ? new URL(text, origin) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const got = text.includes('@') ? '' : `, got "${text}"`;
    return refuse(`expected a URL such as "${example}"${got}`);
  }
  // fetch takes none, and would print them.
  if (url.username || url.password)
    return refuse('must hold no user name and no password: send them in a header');
  if (url.search || url.hash) return refuse('must have no query and no fragment');
  return withoutTrailingSlashes(url.href);
}
