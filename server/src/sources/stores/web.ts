// A file at an http or https address. It is pinned by its SHA-256 alone, so that it is asked for once, by GET: an address may be signed for that.
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { shown } from '../../net/shown-url.ts';
import { CommandError } from '../../util/command-error.ts';
import type { RemoteBytes, Store } from '../remote.ts';
import { readHeaders, redirected, type Source, sourceOf } from '../source.ts';
import { ownName } from './objects.ts';

const MOST_REDIRECTS = 10;

export const webStore: Store = {
  async open(uri, env) {
    const url = new URL(uri);
    const source = sourceOf(url, await readHeaders(env['MODEL_URL_HEADERS_FILE']));
    let etag: string | null = null;
    return {
      resolved: shown(url),
      revision: undefined,
      files: [
        {
          path: ownName(url.pathname),
          async read(from, signal) {
            const response = await followed(source, from, etag, signal);
            const before = etag;
            etag = response.headers.get('ETag');
            if (response.status !== 206 || etag === before) return bytesOf(response);
            // A server that does not know If-Range: two files must not become one.
            await response.body?.cancel();
            etag = null;
            throw new Error('it was replaced meanwhile');
          },
        },
      ],
    };
  },
};

/** Of the whole file, where the response tells. */
function sizeOf({ status, headers }: Response): number | undefined {
  if (headers.has('Content-Encoding')) return undefined;
  const told =
    status === 206
      ? /\/(\d+)$/.exec(headers.get('Content-Range') ?? '')?.[1]
      : headers.get('Content-Length');
  return told === null || told === undefined ? undefined : Number(told);
}

function bytesOf(response: Response): RemoteBytes {
  const { status, headers, body } = response;
  const size = sizeOf(response);
  const bytes = body === null ? Readable.from([]) : Readable.fromWeb(body);
  if (status !== 206) return { from: 0, size, bytes };
  const [, start] = /^bytes (\d+)-/.exec(headers.get('Content-Range') ?? '') ?? [];
  if (start !== undefined) return { from: Number(start), size, bytes };
  bytes.destroy();
  throw new Error('it sent a part of the file without saying which');
}

/** The first response that is no redirect, if it is a success. */
async function followed(
  source: Source,
  from: number,
  etag: string | null,
  signal: AbortSignal,
): Promise<Response> {
  let at = source;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const headers = new Headers(at.headers);
    // The sum is that of the file, not of what it is compressed to.
    if (!headers.has('Accept-Encoding')) headers.set('Accept-Encoding', 'identity');
    // A weak ETag says nothing of bytes.
    if (from > 0 && etag?.startsWith('"')) {
      headers.set('Range', `bytes=${from}-`);
      headers.set('If-Range', etag);
    }
    const response = await fetch(at.url, { headers, signal, redirect: 'manual' });
    if (response.ok) return response;
    await response.body?.cancel();
    if (![301, 302, 303, 307, 308].includes(response.status)) throw refusal(at, response);
    at = redirected(at, response.headers.get('Location'));
  }
  throw new CommandError(
    `${shown(source.url)} redirects more than ${MOST_REDIRECTS} times. Check MODEL_URL.`,
  );
}

/** Without the server's own words, which may repeat the secrets that it was sent. */
function refusal({ url }: Source, { status }: Response): Error {
  const said = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status >= 500 || status === 408 || status === 429) return new Error(`it answered ${said}`);
  const remedy =
    status === 401 || status === 403 ? 'Check MODEL_URL_HEADERS_FILE.' : 'Check MODEL_URL.';
  return new CommandError(`${shown(url)} answered ${said}. ${remedy}`);
}
