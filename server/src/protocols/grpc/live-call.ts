// One call, from its headers to its end. What it may not do is refused before its message is read, and whatever throws ends as a
// documented status.
import { type Metadata, type ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { Observer } from '../../observe/observer.ts';
import { DeadlineError, LoadingError } from '../../serving/errors.ts';
import type { State } from '../../serving/lifecycle.ts';
import type { Registry } from '../../serving/registry.ts';
import { type ApiKeys, whyNotLetIn } from '../api-keys.ts';
import { failureOf, RpcError, refusalOfLibrary } from './errors.ts';
import { GrpcExchange, textsIn } from './exchange.ts';
import type { Handler, Rpc, Stream } from './handlers.ts';
import type { Method } from './protos.ts';

/** What calls are served with once the model is loaded. */
export interface CallParts {
  readonly models: Registry;
  readonly observer: Pick<Observer, 'exchangeEnded'>;
  /** The keys that callers need; undefined when none is needed. */
  readonly apiKeys: ApiKeys | undefined;
  /** The keys of those who may load and unload models; undefined when nobody may. */
  readonly operatorKeys: ApiKeys | undefined;
  state(): State;
}

export interface CallSettings {
  readonly maxMessageBytes: number;
  readonly requestTimeoutMs: number;
  readonly stallTimeoutMs: number;
  /** The connection of a call. */
  readonly connectionOf: (call: LibraryCall) => Connection | undefined;
  /** Undefined while the model loads. */
  readonly parts: () => CallParts | undefined;
  readonly state: () => State;
  /** Told of what could not be answered. */
  readonly onFault: (error: unknown) => void;
}

/** What a call travels on. */
export interface Connection {
  /** That its client has taken so far. */
  readonly bytesWritten: number;
  /** Cuts it, as its client does not read. */
  stalled(): void;
}

/** A method with what handles it. */
export interface Route {
  readonly method: Method;
  readonly handler: Handler;
}

/** Clients give up by themselves when their time is over, which they may know a moment before it is over here. */
const GIVEN_UP_MS = 25;

/** The library's side of a call. */
export type LibraryCall = ConstructorParameters<typeof ServerInterceptingCall>[0];
type Status = Parameters<LibraryCall['sendStatus']>[0];

export class LiveCall {
  readonly #library: LibraryCall;
  readonly #route: Route | undefined;
  readonly #settings: CallSettings;
  readonly #exchange: GrpcExchange;
  /** By performance.now(). */
  readonly #deadline: number;
  /** Those of the requests of a stream that are under way. */
  readonly #inStream: GrpcExchange[] = [];
  #late: NodeJS.Timeout | undefined;
  #unread: NodeJS.Timeout | undefined;

  /** @param route undefined for a method that there is not */
  constructor(
    library: LibraryCall,
    metadata: Metadata,
    route: Route | undefined,
    settings: CallSettings,
  ) {
    this.#library = library;
    this.#route = route;
    this.#settings = settings;
    const deadline = library.getDeadline();
    this.#deadline =
      deadline === Infinity ? Infinity : performance.now() + Number(deadline) - Date.now();
    this.#exchange = new GrpcExchange(
      route?.method.path ?? 'other',
      textsIn(metadata),
      route?.handler.isProbe ?? false,
    );
    this.#exchange.main = settings.parts()?.models.servedBy(undefined, undefined);
    // All that ends a call passes here: what the library refuses by itself, too.
    const send = library.sendStatus.bind(library);
    library.sendStatus = (sent) => send(this.#ending(sent));
  }

  get exchange(): GrpcExchange {
    return this.#exchange;
  }

  /** What its handler may know of it. */
  get rpc(): Rpc {
    if (this.#route === undefined) throw new Error('a method that there is not has no handler');
    return this.#rpcOf(this.#route, this.#exchange);
  }

  /** @returns why it is refused before its message is read */
  refusal(): unknown {
    const { parts, requestTimeoutMs } = this.#settings;
    if (this.#route === undefined)
      return new RpcError(
        status.UNIMPLEMENTED,
        'not-found',
        'There is no such method. Server reflection, or the .proto files of this project, say which there are.',
      );
    const { handler } = this.#route;
    try {
      if (!handler.isOpen) {
        const loaded = parts();
        if (loaded === undefined) return new LoadingError();
        const keys = handler.isForOperators ? loaded.operatorKeys : loaded.apiKeys;
        const why = keys && whyNotLetIn(keys, this.#exchange.metadata);
        if (why !== undefined) return new RpcError(status.UNAUTHENTICATED, 'unauthorized', why);
      }
      if (handler.kind !== 'stream')
        this.#late = setTimeout(() => this.refuse(tooSlow(requestTimeoutMs)), requestTimeoutMs);
      return handler.refusal?.();
    } catch (error) {
      return error;
    }
  }

  refuse(error: unknown): void {
    this.#library.sendStatus(this.fail(error));
  }

  /** Its message has come whole. */
  complete(): void {
    clearTimeout(this.#late);
  }

  /** Its response goes out: as long as the client takes something of it, it may take its time. */
  responds(): void {
    const { connectionOf, stallTimeoutMs } = this.#settings;
    let taken = -1;
    this.#unread = setInterval(() => {
      const connection = connectionOf(this.#library);
      if (connection?.bytesWritten === taken) connection.stalled();
      taken = connection?.bytesWritten ?? -1;
    }, stallTimeoutMs).unref();
  }

  /** @returns the status to send */
  fail(error: unknown) {
    const failure = failureOf(error);
    this.#exchange.fail(failure);
    return this.#exchange.statusOf(failure);
  }

  /** Responds to one request of a stream. Where the stream goes on after a failure, this is told of as an exchange of its own. */
  async respondInStream(handler: Stream, request: Buffer): Promise<Buffer> {
    const { failed } = handler;
    if (this.#route === undefined || failed === undefined) return handler.handle(request, this.rpc);
    const { route, metadata, main } = this.#exchange;
    const exchange = new GrpcExchange(route, metadata, handler.isProbe);
    exchange.main = main;
    const rpc = this.#rpcOf(this.#route, exchange);
    this.#inStream.push(exchange);
    try {
      const response = await handler.handle(request, rpc);
      exchange.code = status.OK;
      return response;
    } catch (error) {
      const failure = failureOf(error);
      exchange.fail(failure);
      return failed(failure.message, rpc);
    } finally {
      this.#inStream.splice(this.#inStream.indexOf(exchange), 1);
      this.#settings.parts()?.observer.exchangeEnded(exchange);
    }
  }

  /** The connection is done with it. */
  end(): void {
    clearTimeout(this.#late);
    clearInterval(this.#unread);
    const exchange = this.#exchange;
    const handler = this.#route?.handler;
    try {
      if (exchange.code === status.CANCELLED && this.#timeLeftMs() < GIVEN_UP_MS)
        exchange.fail(failureOf(new DeadlineError(this.#timeoutMs())));
      for (const one of this.#inStream) one.call?.cancel();
      if (exchange.code !== status.OK) exchange.call?.cancel();
      const isToldByRequest = handler?.kind === 'stream' && handler.failed !== undefined;
      // Of a stream whose requests are told of, only that it could not begin.
      if (isToldByRequest && exchange.problem === undefined) return;
      this.#settings.parts()?.observer.exchangeEnded(exchange);
    } catch (error) {
      this.#settings.onFault(error);
    }
  }

  #rpcOf({ method }: Route, exchange: GrpcExchange): Rpc {
    return {
      method,
      exchange,
      state: this.#settings.state,
      timeLeftMs: () => this.#timeLeftMs(),
    };
  }

  #timeLeftMs(): number {
    return this.#deadline - performance.now();
  }

  /** That the client has given it. */
  #timeoutMs(): number {
    return Math.round(this.#timeLeftMs() + this.#exchange.durationMs);
  }

  /** Notes with what the call ends. @returns what is sent */
  #ending(sent: Status): Status {
    const exchange = this.#exchange;
    if (exchange.problem !== undefined) return sent; // noted when it failed
    if (sent.code === status.OK) {
      exchange.code = status.OK;
      return sent;
    }
    const failure = refusalOfLibrary(sent, {
      maxMessageBytes: this.#settings.maxMessageBytes,
      timeoutMs: this.#timeoutMs(),
    });
    exchange.fail(failure);
    return exchange.statusOf(failure);
  }
}

function tooSlow(timeoutMs: number): RpcError {
  return new RpcError(
    status.CANCELLED,
    'request-timeout',
    `The message did not arrive completely within ${timeoutMs} ms.`,
  );
}
