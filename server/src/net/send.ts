// The HTTP client of all that calls other servers: one request, on a connection that is kept for the next one.
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, NEVER_CONNECTED } from './connect.ts';

export interface Message {
  /** What to ask for, as it is to be sent: a URL would resolve the dots in it. Left out: the URL's. */
  readonly path?: string;
  readonly method: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal;
  /** Certificate authority of an https address, PEM; left out: those that the system trusts. */
  readonly ca?: string;
  /** What the certificate of an https address is for; left out: the URL's host. */
  readonly servername?: string;
  /** Connections of its own, as for a proxy or a client certificate; left out: those that all share. */
  readonly agents?: Agents;
}

export interface Agents {
  readonly 'http:': http.Agent;
  readonly 'https:': https.Agent;
}

/** Connections are kept; the other server says when it wants one closed. */
const shared: Agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

/**
 * Asks anew where nobody has read the request; besides, a prediction is safe to repeat.
 * @param waitsMs milliseconds before each new attempt, after a connection that could not be made
 * @returns the answer's head; its body is to be read
 */
export async function send(
  url: URL,
  message: Message,
  waitsMs: readonly number[] = [],
): Promise<IncomingMessage> {
  const waits = waitsMs.values();
  for (let kept = true; ; kept = false) {
    const { request, answer } = sendOnce(url, message, kept);
    try {
      return await answer;
    } catch (error) {
      if (message.signal.aborted) throw error;
      if (request.reusedSocket) continue; // closed by the other in the moment that it was used
      const wait = waits.next().value;
      if (wait === undefined || !NEVER_CONNECTED.includes(codeOf(error))) throw error;
      await sleep(wait, undefined, { signal: message.signal });
    }
  }
}

function sendOnce(url: URL, message: Message, kept: boolean) {
  const { path = url.pathname + url.search, headers, body, agents, ...options } = message;
  const secure = url.protocol === 'https:';
  const agent = (agents ?? shared)[secure ? 'https:' : 'http:'];
  const request = (secure ? https : http).request(url, {
    ...options,
    path,
    headers: { ...headers, ...(body !== undefined && { 'content-length': body.length }) },
    // Without the agents of its own it would miss what they are for; a kept connection that fails is gone from them.
    agent: kept || agents !== undefined ? agent : false,
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    // Without a response, as after one that wants another protocol.
    request.once('close', () => reject(new Error('the connection was closed without a response')));
  });
  request.end(body);
  return { request, answer };
}

/** @returns the body of a response; undefined when it has more bytes, of which no more are read */
export async function textOf(
  response: IncomingMessage,
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined; // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
