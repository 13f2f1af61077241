// Where a model is downloaded from, with the secrets that go there and nowhere else: not to another origin, not into a log.
import { readFile } from 'node:fs/promises';
import { shown } from '../net/shown-url.ts';
import { CommandError } from '../util/command-error.ts';

export interface Source {
  /** Without user name and password. */
  readonly url: URL;
  /** For this origin only. */
  readonly headers: Headers;
}

/** @param headers of MODEL_URL_HEADERS_FILE; a user name and password in the URL become one more */
export function sourceOf(url: URL, headers: Headers): Source {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  plain.hash = '';
  const own = new Headers(headers);
  if ((url.username || url.password) && !own.has('Authorization')) {
    const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
    own.set('Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  }
  return { url: plain, headers: own };
}

/**
 * Where a redirect leads.
 * @throws CommandError for an address that is not as safe as the one before
 */
export function redirected(from: Source, location: string | null): Source {
  if (location === null || !URL.canParse(location, from.url.href))
    throw new CommandError(`${shown(from.url)} redirects without saying where. Check MODEL_URL.`);
  const to = new URL(location, from.url.href);
  if (!/^https?:$/.test(to.protocol) || (from.url.protocol === 'https:' && to.protocol === 'http:'))
    throw new CommandError(
      `${shown(from.url)} redirects to ${shown(to)}; expected ${from.url.protocol === 'https:' ? 'https' : 'http or https'}. Nothing was changed. Check MODEL_URL.`,
    );
  return sourceOf(to, to.origin === from.url.origin ? from.headers : new Headers());
}

/** @throws CommandError that names the line, and never shows it: it is a secret */
export async function readHeaders(file: string | undefined): Promise<Headers> {
  const headers = new Headers();
  if (file === undefined) return headers;
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`MODEL_URL_HEADERS_FILE: ${file} cannot be read: ${error.message}`);
  });
  for (const [i, line] of content.split('\n').entries()) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    try {
      if (colon < 0 || !/^[\w-]+$/.test(line.slice(0, colon)))
        throw new TypeError('a name is missing');
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      throw new CommandError(
        `MODEL_URL_HEADERS_FILE: line ${i + 1} of ${file}: expected "Name: value".`,
      );
    }
  }
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign of its own
  }
}
