// Redirects are not followed: fetch would take all headers, an API key among them, and the body to wherever they lead. Calls are
// made with `redirect: 'manual'`.

/** Statuses with which fetch would go to another address. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const SHOWN_LENGTH = 200;

/** What is wrong with a response that is a redirect, to stand after the address; undefined for every other. */
export function redirectIn(url: string, { type, status, headers }: Response): string | undefined {
  // A browser shows neither the status nor the address.
  const isOpaque = type === 'opaqueredirect';
  if (!isOpaque && !REDIRECTS.has(status)) return undefined;
  const target = targetOf(headers.get('Location'), url);
  return `answered ${isOpaque ? 'with' : `${status},`} a redirect${target && ` to ${target}`}, which is not followed: it could send headers and inputs to another server. If you trust it, use the address that it leads to`;
}

/** Without a user name, a password and a query, which may be secret. */
function targetOf(location: string | null, base: string): string {
  if (location === null || !URL.canParse(location, base)) return '';
  const { protocol, host, pathname } = new URL(location, base);
  return host ? `${protocol}//${host}${pathname}`.slice(0, SHOWN_LENGTH) : protocol;
}
