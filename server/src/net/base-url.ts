/** A URL without the slashes at its end. No regular expression: `/\/+$/` takes quadratic time on slashes in the middle. */
export function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return url.slice(0, end);
}
