// A listening gRPC server: from its start it says that the model is being loaded, then it serves, and in the end it closes without
// breaking a call. The library speaks gRPC; connections are accepted here, where they are bounded and can be cut.
import { constants, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer } from 'node:net';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { withoutMessage } from '../../observe/log.ts';
import { LoadingError } from '../../serving/errors.ts';
import type { State } from '../../serving/lifecycle.ts';
import { type Address, whyNotListening } from '../listening.ts';
import { createCalls } from './calls.ts';
import { healthHandlers } from './health.ts';
import { type InferenceParts, inferenceHandlers } from './inference.ts';
import type { CallParts } from './live-call.ts';
import { readProtos } from './protos.ts';
import { reflectionHandlers } from './reflection.ts';

export interface GrpcListener {
  readonly port: number;
  readonly requestsInFlight: number;
  /** Serves what was loaded. */
  serve(parts: InferenceParts & CallParts): void;
  /**
   * Stops listening and waits for the calls in flight.
   * @param timeoutMs after this the connections left are cut
   * @returns how many calls were cut
   */
  close(timeoutMs: number): Promise<number>;
}

export interface GrpcListenerOptions extends Address {
  /** Where the .proto files are. */
  readonly protos: URL;
  readonly log: Logger;
  /** Largest message of a client's, after decompression. */
  readonly maxMessageBytes: number;
  /** How long a connection without calls is kept, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** How long the message of a call may take to come whole, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long a client may take nothing of what it is sent, in milliseconds. */
  readonly stallTimeoutMs: number;
  /** Connections that may be open; more are closed as they come. */
  readonly maxConnections: number;
  /** Told of connections that are refused or closed. */
  readonly refusals: { count(reason: 'too-many-connections' | 'stalled'): void };
}

/** Calls of one connection at a time; clients wait with more. Go's servers allow 250. */
const MAX_STREAMS = 256;

/** How often a silent peer is asked whether it is there, and how long it may take to say so, in milliseconds. */
const PING_MS = 60_000;
const PING_TIMEOUT_MS = 20_000;

/** How long a client may take to say that it knows of the end, in milliseconds. */
const GOODBYE_MS = 1000;

/** The largest number of a stream: all that a client has begun counts. */
const LAST_STREAM = 2 ** 31 - 1;

/** @throws CommandError when the address cannot be listened on */
export async function listenGrpc(options: GrpcListenerOptions): Promise<GrpcListener> {
  const { log, maxMessageBytes, refusals } = options;
  let parts: (InferenceParts & CallParts) | undefined;
  const loaded = () => {
    if (parts === undefined) throw new LoadingError();
    return parts;
  };
  const starting: State = { kind: 'starting' };
  const protos = readProtos(options.protos);
  const handlers = {
    ...inferenceHandlers(protos, loaded),
    ...healthHandlers(protos.services),
    ...reflectionHandlers(protos),
  };
  /** By the addresses of their clients. */
  const sockets = new Map<string, Socket>();
  const calls = createCalls(protos, handlers, {
    maxMessageBytes,
    requestTimeoutMs: options.requestTimeoutMs,
    stallTimeoutMs: options.stallTimeoutMs,
    connectionOf(call) {
      const { remoteAddress, remotePort } = call.getConnectionInfo();
      const socket = sockets.get(nameOf(remoteAddress, remotePort));
      if (socket === undefined) return undefined;
      return {
        get bytesWritten() {
          return socket.bytesWritten;
        },
        stalled() {
          refusals.count('stalled');
          socket.destroy();
        },
      };
    },
    parts: () => parts,
    state: () => parts?.state() ?? starting,
    onFault: (error) =>
      log.error({ err: withoutMessage(error) }, 'a call could not be answered as usual'),
  });
  setLogVerbosity(logVerbosity.NONE); // it would print what clients send
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.max_connection_idle_ms': options.idleTimeoutMs,
    'grpc.keepalive_time_ms': PING_MS,
    'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
    'grpc.enable_channelz': 0, // nobody asks for its counts, which cost
    interceptors: [calls.interceptor],
  });
  calls.register(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());

  const net = createServer({ noDelay: true }, (socket) => {
    const name = nameOf(socket.remoteAddress, socket.remotePort);
    sockets.set(name, socket);
    socket.on('error', () => {}); // its close says all
    socket.once('close', () => {
      if (sockets.get(name) === socket) sockets.delete(name);
    });
    injector.injectConnection(socket);
  });
  net.maxConnections = options.maxConnections;
  net.on('drop', () => refusals.count('too-many-connections'));
  await start(net, options);
  const address = net.address();
  return {
    port: isAddressInfo(address) ? address.port : options.port,
    get requestsInFlight() {
      return calls.inFlight;
    },
    serve(loadedParts) {
      parts = loadedParts;
    },
    async close(timeoutMs) {
      const closed = new Promise<void>((resolve) => net.close(() => resolve()));
      let cut = 0;
      const timer = setTimeout(() => {
        cut = calls.inFlight;
        for (const socket of sockets.values()) socket.destroy();
      }, timeoutMs);
      await Promise.all(sessionsOf(server).map(sayGoodbye));
      calls.close();
      // Each connection closes when its calls have ended. The library's tryShutdown would not wait for them: Node's server closes
      // the sessions first, and the library takes those for done.
      injector.destroy();
      await closed;
      clearTimeout(timer);
      server.forceShutdown();
      return cut;
    },
  };
}

/**
 * Tells a client to make its calls elsewhere, and waits until it knows: what it has sent before has come then, and is served. Closing
 * alone would drop it, and clients do not try such calls again.
 */
function sayGoodbye(session: ServerHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GOODBYE_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    session.once('close', done);
    try {
      session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM);
      session.ping(done);
    } catch {
      done(); // it has gone
    }
  });
}

/**
 * The connections. The library does not show them: https://github.com/grpc/grpc-node/blob/%40grpc/grpc-js%401.14.7/packages/grpc-js/src/server.ts
 * has them.
 */
function sessionsOf(server: Server): ServerHttp2Session[] {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(servers instanceof Map)) return [];
  return [...servers.values()].flatMap(({ sessions }) => [...sessions]);
}

function nameOf(address: string | undefined, port: number | undefined): string {
  return `${address} ${port}`;
}

function start(server: NetServer, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(whyNotListening(error, address)));
    const { host, port, isShared } = address;
    server.listen({ host, port, backlog: 1024, reusePort: isShared }, resolve);
  });
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
