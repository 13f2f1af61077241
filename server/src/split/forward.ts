// Passes a request on to another version and its answer back.
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { reasonOf } from '../http/connect.ts';
import { ProblemException } from '../http/problem.ts';
import { send } from '../http/send.ts';

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
 * @param timeoutMs longest wait for the head of the response; how fast its body goes is up to the client
 * @param req a request whose body has been read, and decompressed, as bytes
 * @throws ProblemException when no answer comes
 */
export async function forward(
  req: Request,
  res: Response,
  { version, url, timeoutMs }: { version: string; url: string; timeoutMs: number },
): Promise<void> {
  const abort = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort.abort();
  }, timeoutMs);
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
    const [kind, detail] = late
      ? (['deadline-exceeded', `did not answer within ${timeoutMs} ms`] as const)
      : (['version-unreachable', `cannot be reached: ${reasonOf(cause)}`] as const);
    throw new ProblemException(
      kind,
      `Version ${version}, to which this request belongs, ${detail}.`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
  if (answer.headers.vary !== undefined) res.vary(answer.headers.vary);
  res.writeHead(answer.statusCode ?? 502, passedOn(answer));
  // An answer that breaks off is broken off here, too.
  await pipeline(answer, res).catch(() => res.destroy());
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
