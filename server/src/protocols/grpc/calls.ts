// Every method of the .proto files, told to the library with what handles it. Each call passes the interceptor first.
import {
  type Metadata,
  type Server,
  type ServerDuplexStream,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { FAULT } from '../fault.ts';
import { RpcError } from './errors.ts';
import { initialMetadata } from './exchange.ts';
import type { Handlers, ServerStream, Stream, Unary } from './handlers.ts';
import { type CallSettings, LiveCall, type Route } from './live-call.ts';
import type { Protos } from './protos.ts';
import { serveStream } from './stream.ts';

export interface Calls {
  /** How many there are. */
  readonly inFlight: number;
  readonly interceptor: ServerInterceptor;
  /** Tells the library of all methods. */
  register(server: Server): void;
  /** Ends streams that would go on for ever, after what is under way in them. */
  close(): void;
}

/** @throws Error for a method of the .proto files that nothing handles */
export function createCalls(protos: Protos, handlers: Handlers, settings: CallSettings): Calls {
  const routes = routesOf(protos, handlers);
  const calls = new WeakMap<Metadata, LiveCall>();
  const closers = new Set<() => void>();
  let inFlight = 0;

  const callOf = (metadata: Metadata): LiveCall => {
    const call = calls.get(metadata);
    if (call === undefined) throw new Error('a call that has not passed the interceptor');
    return call;
  };

  const interceptor: ServerInterceptor = ({ path }, library) => {
    let call: LiveCall | undefined;
    return new ServerInterceptingCall(library, {
      start(proceed) {
        inFlight++;
        proceed({
          onReceiveMetadata(metadata, go) {
            try {
              call = new LiveCall(library, metadata, routes.get(path), settings);
              const refusal = call.refusal();
              if (refusal !== undefined) return call.refuse(refusal);
              calls.set(metadata, call);
              go(metadata);
            } catch (error) {
              settings.onFault(error);
              library.sendStatus({ code: status.INTERNAL, details: FAULT });
            }
          },
          onReceiveHalfClose(go) {
            call?.complete();
            go();
          },
          onCancel() {
            inFlight--;
            call?.end();
          },
        });
      },
    });
  };

  const unary = (handler: Unary) => (library: ServerUnaryCall<Buffer, Buffer>, done: Done) => {
    const call = callOf(library.metadata);
    begin(() => handler.handle(library.request, call.rpc))
      .then((response) => {
        call.responds();
        library.sendMetadata(initialMetadata(call.exchange));
        done(null, response);
      })
      .catch((error: unknown) => done(call.fail(error)))
      .catch(settings.onFault);
  };

  const serverStream =
    (handler: ServerStream) => (library: ServerWritableStream<Buffer, Buffer>) => {
      const call = callOf(library.metadata);
      const controller = new AbortController();
      const close = () => controller.abort();
      closers.add(close);
      library.once('cancelled', close);
      const send = (response: Buffer) => void library.write(response);
      begin(() => {
        library.sendMetadata(initialMetadata(call.exchange));
        return handler.handle(library.request, call.rpc, send, controller.signal);
      })
        .then(() => {
          if (!library.cancelled) throw stopping();
        })
        .catch((error: unknown) => library.emit('error', call.fail(error)))
        .catch(settings.onFault)
        .finally(() => closers.delete(close));
    };

  const stream = (handler: Stream) => (library: ServerDuplexStream<Buffer, Buffer>) => {
    const call = callOf(library.metadata);
    library.sendMetadata(initialMetadata(call.exchange));
    const { stop, ended } = serveStream(library, (request) =>
      call.respondInStream(handler, request),
    );
    const close = () => stop(stopping());
    closers.add(close);
    ended
      .catch((error: unknown) => library.emit('error', call.fail(error)))
      .catch(settings.onFault)
      .finally(() => closers.delete(close));
  };

  return {
    get inFlight() {
      return inFlight;
    },
    interceptor,
    register(server) {
      for (const [path, { handler }] of routes)
        if (handler.kind === 'unary') server.register(path, unary(handler), asIs, asIs, 'unary');
        else if (handler.kind === 'stream')
          server.register(path, stream(handler), asIs, asIs, 'bidi');
        else server.register(path, serverStream(handler), asIs, asIs, 'serverStream');
      passUnknown(server);
    },
    close() {
      for (const close of closers) close();
    },
  };
}

type Done = sendUnaryData<Buffer>;

function routesOf(protos: Protos, handlers: Handlers): ReadonlyMap<string, Route> {
  return new Map(
    protos.methods.map((method) => {
      const handler = handlers[method.path];
      if (handler === undefined)
        throw new Error(`the .proto files have ${method.path}, which nothing handles`);
      return [method.path, { method, handler }] as const;
    }),
  );
}

/** Messages are read and written by their handlers, so that what is wrong with them is said in our words. */
const asIs = (bytes: Buffer) => bytes;

async function begin<Result>(handle: () => Result | Promise<Result>): Promise<Result> {
  return handle();
}

function stopping(): RpcError {
  return new RpcError(
    status.UNAVAILABLE,
    'unavailable',
    'The server is stopping. Connect again, which leads to another.',
  );
}

/**
 * Lets calls of methods that there are not pass the interceptor, too, which refuses them: the library would answer them unseen. It
 * is not in its documentation: https://github.com/grpc/grpc-node/blob/%40grpc/grpc-js%401.14.7/packages/grpc-js/src/server.ts
 */
function passUnknown(server: Server): void {
  const find: unknown = Reflect.get(server, '_retrieveHandler');
  if (typeof find !== 'function') return;
  const unknown = { func() {}, serialize: asIs, deserialize: asIs, type: 'bidi' };
  Object.assign(server, {
    _retrieveHandler: (path: string) => Reflect.apply(find, server, [path]) ?? { ...unknown, path },
  });
}
