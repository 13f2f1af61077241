// A URI, or a part of one, as it may be logged: without a query, a user name and a password, which may be secrets.
import { shown } from '../net/shown-url.ts';
import { printable } from '../util/printable.ts';
import { quote } from '../util/quote.ts';

export function shownUri(uri: string): string {
  return printable(withoutSecrets(uri));
}

/** The same in quotation marks. */
export function quoteUri(uri: string): string {
  return quote(withoutSecrets(uri));
}

function withoutSecrets(uri: string): string {
  if (/^https?:/.test(uri) && URL.canParse(uri)) return shown(new URL(uri));
  return uri.replace(/\?.*/s, '?…').replace(/^([a-z0-9+.-]+:\/\/)[^/]*:[^/]*@/i, '$1');
}
