// Passes a request on to another version and its answer back.
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { codeOf, NEVER_CONNECTED } from '../http/connect.ts';
import { ProblemException } from '../http/problem.ts';

/** Connections are kept; the other version says when it wants one closed. */
const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

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
 * @param url where to ask, path included
 * @param req a request whose body has been read, and decompressed, as bytes
 * @throws ProblemException when no answer comes
 */
export async function forward(
  req: Request,
  res: Response,
  { version, url, timeoutMs }: { version: string; url: URL; timeoutMs: number },
): Promise<void> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), goneAway(res)]);
  let answer: IncomingMessage;
  try {
    answer = await askUntilSent(req, url, signal);
  } catch (cause) {
    if (res.destroyed) return;
    const why = cause instanceof Error ? cause.message : String(cause);
    const [kind, detail] = signal.aborted
      ? (['deadline-exceeded', `did not answer within ${timeoutMs} ms`] as const)
      : (['version-unreachable', `cannot be reached: ${why}`] as const);
    throw new ProblemException(
      kind,
      `Version ${version}, to which this request belongs, ${detail}.`,
      { cause },
    );
  }
  res.writeHead(answer.statusCode ?? 502, passedOn(answer.rawHeaders));
  // An answer that breaks off is broken off here, too.
  await pipeline(answer, res).catch(() => res.destroy());
}

/**
 * Milliseconds before each new attempt, after one that sent nothing. A Service leads the next to another pod; that a pod has
 * died, it learns within some tenths of a second.
 */
const WAITS_MS = [0, 50, 100, 200];

/**
 * Asks anew where nothing was sent: a pod that has just died refuses connections, and a kept connection may be closed in the
 * moment that a request is sent on it, which then nobody has read; besides, a prediction is safe to repeat.
 */
async function askUntilSent(req: Request, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  for (let attempt = 0; ; attempt++) {
    const { request, answer } = ask(req, url, signal, attempt === 0);
    try {
      return await answer;
    } catch (error) {
      const wait = WAITS_MS[attempt];
      const sentNothing = request.reusedSocket || NEVER_CONNECTED.includes(codeOf(error));
      if (wait === undefined || signal.aborted || !sentNothing) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
}

function ask(req: Request, url: URL, signal: AbortSignal, kept: boolean) {
  const body: unknown = req.body;
  const bytes = Buffer.isBuffer(body) && body.length > 0 ? body : undefined;
  const secure = url.protocol === 'https:';
  const request = (secure ? https : http).request(url, {
    method: req.method,
    headers: requestHeaders(req, bytes),
    agent: kept ? agents[secure ? 'https:' : 'http:'] : false,
    signal,
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  request.end(bytes);
  return { request, answer };
}

function requestHeaders(req: Request, body: Buffer | undefined): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(req.headers))
    if (!HOP_BY_HOP.has(name) && !ABOUT_THE_BODY.has(name)) headers[name] = value;
  if (body !== undefined) headers['content-length'] = body.length;
  headers['x-forwarded-for'] = [req.headers['x-forwarded-for'], req.socket.remoteAddress]
    .filter((one) => one !== undefined)
    .join(', ');
  return headers;
}

/** The body goes on decompressed, and the request to a host of another name. */
const ABOUT_THE_BODY = new Set(['content-encoding', 'content-length', 'expect', 'host']);

function passedOn(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2)
    if (!HOP_BY_HOP.has((raw[i] ?? '').toLowerCase())) headers.push(raw[i] ?? '', raw[i + 1] ?? '');
  return headers;
}

/** Aborts when the client goes away before its answer. */
function goneAway(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
