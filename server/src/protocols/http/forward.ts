// Passes a request on to another version and its answer back.
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import { reasonOf } from '../../net/connect.ts';
import { send } from '../../net/send.ts';
import { ProblemException } from './problem.ts';

/** Marks what one version passes on to another, which serves it: passed on again, it could go round for ever. */
export const FORWARDED = 'ml-forwarded';

/** What belongs to one connection and not to the message: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * @param version its name, for messages
 * @param url its base URL, without a slash at the end
 * @param timeoutMs longest wait for the response, without the time that the client takes to read it
 * @param req a request whose body has been read, and decompressed, as bytes
 * @throws ProblemException when no answer comes
 */
export async function forward(
  req: Request,
  res: Response,
  { version, url, timeoutMs }: { version: string; url: string; timeoutMs: number },
): Promise<void> {
  const abort = new AbortController();
  const deadline = new Deadline(timeoutMs, () => abort.abort());
  // The client goes away before its response.
  res.once('close', () => {
    if (!res.writableFinished) abort.abort();
  });
  const base = new URL(url);
  let answer: IncomingMessage;
  try {
    answer = await send(
      base,
      {
        method: req.method,
        path: base.pathname.replace(/\/$/, '') + req.url,
        headers: requestHeaders(req),
        body: bodyOf(req),
        signal: abort.signal,
      },
      WAITS_MS,
    );
  } catch (cause) {
    if (res.destroyed) return;
    const [kind, detail] = deadline.isOver
      ? (['deadline-exceeded', `did not answer within ${timeoutMs} ms`] as const)
      : (['version-unreachable', `cannot be reached: ${reasonOf(cause)}`] as const);
    throw new ProblemException(
      kind,
      `Version ${version}, to which this request belongs, ${detail}.`,
      { cause },
    );
  } finally {
    deadline.pause();
  }
  const { statusCode: status = 0 } = answer;
  if (status < 200 || status > 599) {
    answer.destroy();
    throw new ProblemException(
      'version-unreachable',
      `Version ${version}, to which this request belongs, answers with the status ${status}, which is none.`,
    );
  }
  if (answer.headers.vary !== undefined) res.vary(answer.headers.vary);
  res.writeHead(status, passedOn(answer));
  try {
    deadline.resume();
    for await (const chunk of answer) {
      deadline.pause();
      if (!res.write(chunk)) await once(res, 'drain', { signal: abort.signal });
      deadline.resume();
    }
    res.end();
  } catch {
    res.destroy(); // an answer that breaks off is broken off here, too
  } finally {
    deadline.pause();
  }
}

/** A time that runs from its start, but for pauses. */
class Deadline {
  readonly #over: () => void;
  #leftMs: number;
  #runningSince = 0;
  #timer: NodeJS.Timeout | undefined;
  isOver = false;

  constructor(timeoutMs: number, over: () => void) {
    this.#leftMs = timeoutMs;
    this.#over = over;
    this.resume();
  }

  resume(): void {
    this.#runningSince = performance.now();
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#over();
    }, this.#leftMs);
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#runningSince));
  }
}

/**
 * Milliseconds before each new attempt, after one that sent nothing. A Service leads the next to another pod; that a pod has
 * died, it learns within some tenths of a second.
 */
const WAITS_MS = [0, 50, 100, 200];

function bodyOf({ body }: Request): Buffer | undefined {
  return Buffer.isBuffer(body) && body.length > 0 ? body : undefined;
}

function requestHeaders(req: Request): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  const ofConnection = namesIn(req.headers.connection);
  for (const [name, value] of Object.entries(req.headers))
    if (!HOP_BY_HOP.has(name) && !ABOUT_THE_BODY.has(name) && !ofConnection.has(name))
      headers[name] = value;
  headers['x-forwarded-for'] = [req.headers['x-forwarded-for'], req.socket.remoteAddress]
    .filter((one) => one !== undefined)
    .join(', ');
  headers[FORWARDED] = '1';
  return headers;
}

/** The body goes on decompressed, and the request to a host of another name. */
const ABOUT_THE_BODY = new Set(['content-encoding', 'content-length', 'expect', 'host']);

/** Which pages may read a response, and what it varies with, says the server that they ask. */
const OF_THIS_SERVER = /^(access-control-.*|vary)$/;

function passedOn({ rawHeaders: raw, headers: { connection } }: IncomingMessage): string[] {
  const ofConnection = namesIn(connection);
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (!HOP_BY_HOP.has(name) && !ofConnection.has(name) && !OF_THIS_SERVER.test(name))
      headers.push(raw[i] ?? '', raw[i + 1] ?? '');
  }
  return headers;
}

/** The headers that a Connection header names: they belong to the connection too. */
function namesIn(connection: string | undefined): Set<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}
