// Where a model is downloaded from, with the secrets that go there and nowhere else: not to another origin, not into a log.
import { readFile } from 'node:fs/promises';
import { CommandError } from '../util/command-error.ts';
import { whyUnreadable } from '../util/why-unreadable.ts';

export interface Source {
  /** Without user name and password. */
  readonly url: URL;
  /** For its origin only. */
  readonly headers: Readonly<Record<string, string>>;
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
  return { url: plain, headers: Object.fromEntries(own) };
}

/** @throws CommandError that names the line, and never shows it: it is a secret */
export async function readHeaders(file: string | undefined): Promise<Headers> {
  const headers = new Headers();
  if (file === undefined) return headers;
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(
      `MODEL_URL_HEADERS_FILE: ${file} cannot be read: ${whyUnreadable(error)}`,
    );
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
