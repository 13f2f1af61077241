// gRPC's health checking protocol, by the state of the process.
import { status } from '@grpc/grpc-js';
import { readiness, type State } from '../../serving/lifecycle.ts';
import { quote } from '../../util/quote.ts';
import { RpcError } from './errors.ts';
import type { Handlers } from './handlers.ts';
import type { Method } from './protos.ts';

/** How often those who watch are told of a change; a probe would come as often. */
const WATCH_MS = 100;

/** @param services that can be asked about, beside the server as a whole */
export function healthHandlers(services: readonly string[]): Handlers {
  const known = new Set(['', ...services]);
  const statusOf = (state: State) => (readiness(state).healthy ? 'SERVING' : 'NOT_SERVING');
  const serviceIn = (request: Buffer, method: Method): string =>
    method.request.decode<{ service: string }>(request).service;
  return {
    '/grpc.health.v1.Health/Check': {
      kind: 'unary',
      isOpen: true,
      isProbe: true,
      handle(request, { method, state }) {
        const service = serviceIn(request, method);
        if (!known.has(service))
          throw new RpcError(
            status.NOT_FOUND,
            'not-found',
            `There is no service ${quote(service)}; there is ${[...known].map(quote).join(', ')}.`,
          );
        return method.response.encode({ status: statusOf(state()) });
      },
    },
    '/grpc.health.v1.Health/Watch': {
      kind: 'server-stream',
      isOpen: true,
      isProbe: true,
      handle(request, { method, state }, send, signal) {
        const isKnown = known.has(serviceIn(request, method));
        const now = () => (isKnown ? statusOf(state()) : 'SERVICE_UNKNOWN');
        let told: string | undefined;
        const tell = () => {
          const current = now();
          if (current === told) return;
          told = current;
          send(method.response.encode({ status: current }));
        };
        return new Promise((resolve, reject) => {
          const timer = setInterval(() => attempt(tell, reject), WATCH_MS).unref();
          signal.addEventListener('abort', () => {
            clearInterval(timer);
            resolve();
          });
          attempt(tell, reject);
        });
      },
    },
  };
}

function attempt(tell: () => void, failed: (error: unknown) => void): void {
  try {
    tell();
  } catch (error) {
    failed(error);
  }
}
