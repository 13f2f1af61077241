/** A URL as it may be logged: without user name, password, query and fragment, which hold secrets. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}
