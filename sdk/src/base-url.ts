/** A URL without the slashes at its end. No regular expression: `/\/+$/` takes quadratic time on slashes in the middle. */
export function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return url.slice(0, end);
}

/** The URL of a server; undefined where a text is none that HTTP can ask. @param origin what a path alone is below */
export function httpUrlIn(text: string, origin?: string): URL | undefined {
  if (!URL.canParse(text, origin)) return undefined;
  const url = new URL(text, origin);
  return /^https?:$/.test(url.protocol) ? url : undefined;
}
