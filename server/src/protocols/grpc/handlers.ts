// What handles a call of a method, whatever the library makes of it.
import type { State } from '../../serving/lifecycle.ts';
import type { GrpcExchange } from './exchange.ts';
import type { Method } from './protos.ts';

/** What a handler may know of the call. */
export interface Rpc {
  readonly method: Method;
  readonly exchange: GrpcExchange;
  readonly state: () => State;
  /** Milliseconds that whoever called will still wait; Infinity where they did not say. */
  timeLeftMs(): number;
}

interface Rules {
  /** Whether it needs no API key. */
  readonly isOpen: boolean;
  /** Whether it needs the key of an operator, where there are such. */
  readonly isForOperators?: boolean;
  /** Whether it is called every few seconds for ever. */
  readonly isProbe: boolean;
  /** Why it would be refused now, whatever it says: asked before its message is read. */
  refusal?(): Error | undefined;
}

/** One request, one response. */
export interface Unary extends Rules {
  readonly kind: 'unary';
  handle(request: Buffer, rpc: Rpc): Buffer | Promise<Buffer>;
}

/** One request, many responses. */
export interface ServerStream extends Rules {
  readonly kind: 'server-stream';
  /** @param signal aborts when whoever called has gone, or the server closes */
  handle(
    request: Buffer,
    rpc: Rpc,
    send: (response: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Many requests, one response to each. */
export interface Stream extends Rules {
  readonly kind: 'stream';
  handle(request: Buffer, rpc: Rpc): Buffer | Promise<Buffer>;
  /**
   * What is responded to a request that failed, so that the stream goes on; without it, the stream fails. Each request of such a
   * stream is an exchange of its own.
   */
  readonly failed?: (message: string, rpc: Rpc) => Buffer;
}

export type Handler = Unary | ServerStream | Stream;

/** By the paths of their methods. */
export type Handlers = Readonly<Record<string, Handler>>;
