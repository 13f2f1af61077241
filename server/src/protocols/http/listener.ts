// A listening HTTP server whose handler can be changed, and that can be closed without breaking a request. What HTTP clients
// must not do to it ends here: the application sees whole heads of requests in one form, and slow clients are cut off.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Address, whyNotListening } from '../listening.ts';
import { refuse, refuseBroken } from './broken-request.ts';
import { createInFlight } from './in-flight.ts';
import { sendPlain } from './last-resort.ts';
import { createMessages, type Messages } from './messages.ts';
import { ProblemException } from './problem.ts';
import type { Refusals } from './refusals.ts';
import { checkHead } from './request-head.ts';
import { createUnused } from './unused.ts';

export interface Listener {
  readonly port: number;
  readonly requestsInFlight: number;
  /** What was refused here and at the listeners that count with it. */
  readonly refusals: Refusals;
  /** What its requests and responses are. */
  readonly messages: Messages;
  /** Gives new requests to another handler. */
  handleWith(handler: RequestListener): void;
  /**
   * Stops listening and waits for the requests in flight.
   * @param timeoutMs after this the connections left are cut
   * @returns how many requests were cut
   */
  close(timeoutMs: number): Promise<number>;
}

export interface ListenerOptions extends Address {
  readonly keepAliveTimeoutMs: number;
  /** How long a client may take for the headers of a request, and for all of it, in milliseconds. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long a response may make no progress, in milliseconds, because its client does not read it. */
  readonly stallTimeoutMs: number;
  /** Connections that may be open; more are closed as they come. */
  readonly maxConnections: number;
  /** Counts what is refused; listeners may share it. */
  readonly refusals: Refusals;
}

/**
 * How long a client that has closed its side gets to read its response, in milliseconds. Nothing tells a client that has sent all
 * and waits (`nc -N`) from one that has given up, and whose work should not be done.
 */
const HALF_CLOSED_MS = 500;

/**
 * Responses of one connection that a request may have to wait for, and their bytes. A packet holds hundreds of requests, and the
 * responses to all of them would be in memory before Node stopped to read more.
 */
const MAX_AHEAD = 100;
const MAX_BYTES_AHEAD = 1024 * 1024;

/** @throws CommandError when the address cannot be listened on */
export async function listen(
  handler: RequestListener,
  options: ListenerOptions,
): Promise<Listener> {
  const { refusals } = options;
  let current = handler;
  const inFlight = createInFlight();
  const serve: RequestListener = (req, res) => {
    const connection = inFlight.add(req, res);
    if (connection.isEnding) return;
    const problem = isTooMuchAhead(connection.responses) ? tooManyWaiting : checkHead(req);
    if (problem === undefined) return current(req, res);
    refusals.count(problem.kind);
    connection.isEnding = true;
    res.shouldKeepAlive = false; // who knows where its body ends
    sendPlain(req, res, problem);
  };
  const limits = {
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, options.headersTimeoutMs, options.requestTimeoutMs),
    keepAliveTimeout: options.keepAliveTimeoutMs,
    requireHostHeader: false, // Node's own response has no body; checkHead's has
  };
  const messages = createMessages();
  const server = createServer({ ...limits, ...messages }, serve);
  // Without it, Node closes a connection as soon as its client has closed its side, and sends no response. It is not in Node's
  // documentation: https://github.com/nodejs/node/blob/v26.0.0/lib/_http_server.js has it.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxConnections = options.maxConnections;
  server.maxHeadersCount = 0; // Node drops those beyond 2,000 silently; the 16 KiB for all of them are the limit

  const unused = createUnused(options.keepAliveTimeoutMs);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && unused.keep(socket)) return;
    const { responses, answeredEarly } = inFlight.on(socket);
    // What is broken is the rest of a request that has its response.
    if (answeredEarly?.complete === false) socket.destroy();
    else refuseBroken(error, socket, responses, refusals);
  });
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse<IncomingMessage>) => {
    refusals.count(unknownExpectation.kind);
    res.shouldKeepAlive = false;
    sendPlain(req, res, unknownExpectation);
  });
  server.on('connect', (_req, socket: Duplex) => refuse(socket, noProxy, refusals));
  server.on('drop', () => refusals.count('too-many-connections'));
  server.on('timeout', (socket) => {
    // Kept connections that nobody uses end here, too.
    if (inFlight.on(socket).responses.length > 0) refusals.count('stalled');
    socket.destroy();
  });
  server.on('connection', (socket) => {
    socket.once('end', () => {
      if (inFlight.on(socket).responses.length === 0) return;
      const timer = setTimeout(() => socket.destroy(), HALF_CLOSED_MS);
      socket.once('close', () => clearTimeout(timer));
    });
  });
  await start(server, options);
  const stalled = setInterval(
    () => watchStalled(inFlight.sending(), options.stallTimeoutMs),
    Math.min(1000, options.stallTimeoutMs),
  ).unref();
  const address = server.address();
  return {
    port: isAddressInfo(address) ? address.port : options.port,
    refusals,
    messages,
    get requestsInFlight() {
      return inFlight.count;
    },
    handleWith(next) {
      current = next;
    },
    async close(timeoutMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      unused.close();
      let cut = 0;
      const timer = setTimeout(() => {
        cut = inFlight.count;
        server.closeAllConnections();
      }, timeoutMs);
      // A connection becomes idle when its answer is done; server.close alone would wait for its keep-alive.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await closed;
      clearTimeout(timer);
      clearInterval(idle);
      clearInterval(stalled);
      return cut;
    },
  };
}

/** The time that a body of so many bytes may take, in milliseconds: at 1 Mbit/s, and half a minute at least. */
export function uploadTimeFor(bytes: number): number {
  return Math.max(30_000, Math.ceil(bytes / 128));
}

const unknownExpectation = new ProblemException(
  'expectation-failed',
  'The header Expect asks for something that this server does not know; expected "100-continue", or no such header.',
);

/** Whether the last one would have to wait for too many others, or too large ones. */
function isTooMuchAhead(responses: readonly ServerResponse[]): boolean {
  if (responses.length === 1) return false;
  if (responses.length - 1 > MAX_AHEAD) return true;
  return responses.reduce((bytes, res) => bytes + res.writableLength, 0) > MAX_BYTES_AHEAD;
}

const tooManyWaiting = new ProblemException(
  'overloaded',
  `More than ${MAX_AHEAD} requests of this connection wait for their responses, or more than ${MAX_BYTES_AHEAD} bytes of them are not read. Wait for some of them, or use more connections.`,
  { headers: { 'Retry-After': '1' } },
);

const noProxy = new ProblemException(
  'method-not-allowed',
  'This server does not support CONNECT: it is not a proxy. Expected GET, HEAD or POST.',
  { headers: { Allow: 'GET, HEAD, POST' } },
);

/**
 * Gives each response that is under way a time in which something of it must get on; most are sent before anybody looks.
 * Node's own timer, which does look at how much the kernel has taken, emits the server's "timeout" then.
 */
function watchStalled(responses: Iterable<ServerResponse>, timeoutMs: number): void {
  for (const { headersSent, socket } of responses)
    if (headersSent && socket && !socket.timeout) socket.setTimeout(timeoutMs);
}

function start(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(whyNotListening(error, address));
    });
    const { host, port, isShared } = address;
    server.listen({ host, port, backlog: 1024, reusePort: isShared }, resolve);
  });
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
