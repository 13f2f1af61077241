// The download: attempts, redirects, limits, and the SHA-256 of what is on the disk in the end.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { shown } from '../net/shown-url.ts';
import { CommandError } from '../util/command-error.ts';
import { redirected, type Source } from './source.ts';

export interface Limits {
  /** Of all attempts together. */
  readonly timeoutMs: number;
  /** Without a byte. */
  readonly stallMs: number;
  readonly maxBytes: number;
}

const ATTEMPTS = 4;
const MOST_REDIRECTS = 10;

/**
 * Downloads a file whose SHA-256 is known.
 * @param say is told of attempts that failed
 * @throws CommandError with what was expected, what came, and how to go on
 */
export async function download(
  source: Source,
  file: string,
  expected: string,
  limits: Limits,
  say: (line: string) => void,
): Promise<void> {
  const end = AbortSignal.timeout(limits.timeoutMs);
  const name = shown(source.url);
  for (let attempt = 1; ; attempt++) {
    try {
      await downloadOnce(source, file, limits, end);
      break;
    } catch (error) {
      if (error instanceof CommandError) throw error;
      if (isDiskFull(error)) throw error;
      if (end.aborted)
        throw new CommandError(
          `${name} was not downloaded within ${limits.timeoutMs} ms. Raise FETCH_TIMEOUT_MS if it is large.`,
        );
      if (attempt === ATTEMPTS)
        throw new CommandError(
          `${name} could not be downloaded in ${ATTEMPTS} attempts: ${reasonOf(error)}.`,
        );
      say(`Attempt ${attempt} failed: ${reasonOf(error)}. Trying again.`);
      await sleep(500 * 2 ** attempt * Math.random());
    }
  }
  const actual = await sha256Of(file);
  if (actual !== expected)
    throw new CommandError(
      `The file at ${name} has the SHA-256 ${actual}; MODEL_SHA256 expects ${expected}. Nothing was changed. Check the URL, or set the new sum.`,
    );
}

/** The SHA-256 of a file, in hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

export function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code))
  );
}

/** What a download failed with, where nothing comes any more: another attempt may do better. */
class StallError extends Error {}

async function downloadOnce(
  source: Source,
  file: string,
  { stallMs, maxBytes }: Limits,
  end: AbortSignal,
): Promise<void> {
  const stall = new AbortController();
  const timer = setTimeout(
    () => stall.abort(new StallError(`nothing came for ${stallMs} ms`)),
    stallMs,
  );
  const signal = AbortSignal.any([end, stall.signal]);
  try {
    const response = await followed(source, signal);
    const tooLarge = () =>
      new CommandError(
        `The file at ${shown(source.url)} has more than ${maxBytes} bytes, which FETCH_MAX_BYTES allows. Nothing was changed.`,
      );
    if (Number(response.headers.get('Content-Length')) > maxBytes) {
      await response.body?.cancel();
      throw tooLarge();
    }
    let bytes = 0;
    await pipeline(
      response.body === null ? Readable.from([]) : Readable.fromWeb(response.body),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          timer.refresh();
          bytes += chunk.byteLength;
          if (bytes > maxBytes) throw tooLarge();
          yield chunk;
        }
        clearTimeout(timer); // the rest is the disk's
      },
      createWriteStream(file, { flush: true }), // on the disk, before it is read again to be hashed
      { signal },
    );
  } catch (error) {
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The first response that is no redirect, if it is a success. */
async function followed(source: Source, signal: AbortSignal): Promise<Response> {
  let at = source;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const headers = new Headers(at.headers);
    // The sum is that of the file, not of what it is compressed to.
    if (!headers.has('Accept-Encoding')) headers.set('Accept-Encoding', 'identity');
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

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
