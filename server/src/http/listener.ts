// A listening HTTP server whose handler can be changed, and that can be closed without breaking a request.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from '../command-error.ts';
import { answerBrokenRequests, refuseMissingHost } from './broken-request.ts';

export interface Listener {
  readonly port: number;
  readonly requestsInFlight: number;
  /** Gives new requests to another handler. */
  handleWith(handler: RequestListener): void;
  /**
   * Stops listening and waits for the requests in flight.
   * @param timeoutMs after this the connections left are cut
   * @returns how many requests were cut
   */
  close(timeoutMs: number): Promise<number>;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a client may take for the headers of a request, and for all of it, in milliseconds. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Connections that may be open; more are closed as they come. */
  readonly maxConnections: number;
  /** The variable that sets the port, for the message when it is taken. */
  readonly variable: string;
}

/** @throws CommandError when the address cannot be listened on */
export async function listen(
  handler: RequestListener,
  options: ListenerOptions,
): Promise<Listener> {
  let current = handler;
  let inFlight = 0;
  const limits = {
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    requireHostHeader: false, // Node's refusal has no body: ours has
    connectionsCheckingInterval: Math.min(1000, options.headersTimeoutMs, options.requestTimeoutMs),
  };
  const server = createServer(limits, (req, res) => {
    inFlight++;
    res.once('close', () => {
      inFlight--;
    });
    if (!refuseMissingHost(req, res)) current(req, res);
  });
  server.keepAliveTimeout = options.keepAliveTimeoutMs;
  server.maxConnections = options.maxConnections;
  answerBrokenRequests(server);
  await start(server, options);
  const address = server.address();
  return {
    port: isAddressInfo(address) ? address.port : options.port,
    get requestsInFlight() {
      return inFlight;
    },
    handleWith(next) {
      current = next;
    },
    async close(timeoutMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      let cut = 0;
      const timer = setTimeout(() => {
        cut = inFlight;
        server.closeAllConnections();
      }, timeoutMs);
      // A connection becomes idle when its answer is done; server.close alone would wait for its keep-alive.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await closed;
      clearTimeout(timer);
      clearInterval(idle);
      return cut;
    },
  };
}

function start(server: Server, { host, port, variable }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        {
          EADDRINUSE: `Port ${port} on ${host} is in use. Stop what listens there, or set ${variable} to another port (0 takes a free one).`,
          EACCES: `Port ${port} on ${host} may not be used by this user. Set ${variable} to one above 1023.`,
          EADDRNOTAVAIL: `HOST ${host} is not an address of this machine. Set it to 0.0.0.0 to listen on all.`,
          ENOTFOUND: `HOST ${host} is not known. Set it to 0.0.0.0 to listen on all.`,
        }[error.code ?? ''] ?? `${host}:${port} cannot be listened on: ${error.message}`;
      reject(new CommandError(why));
    });
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
