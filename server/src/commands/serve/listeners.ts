// The ports that a predictor listens on.
import type { Logger } from 'pino';
import { createApp, createMetricsApp } from '../../protocols/app.ts';
import type { GrpcListener } from '../../protocols/grpc/listener.ts';
import { type Listener, listen, uploadTimeFor } from '../../protocols/http/listener.ts';
import type { Refusals } from '../../protocols/http/refusals.ts';
import { answerStarting } from '../../protocols/http/starting.ts';
import { claim } from '../../protocols/listening.ts';
import type { Parts } from './assemble.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';
import type { ServingThread } from './threads/thread.ts';

export interface Listeners {
  readonly port: number;
  readonly metricsPort: number | undefined;
  readonly grpcPort: number | undefined;
  readonly requestsInFlight: number;
  /** Serves what was loaded; until then, responses say that the server starts. */
  serve(parts: Parts): void;
  /**
   * Stops listening for what predicts, and waits for the requests in flight.
   * @returns how many requests were cut off after so many milliseconds
   */
  close(timeoutMs: number): Promise<number>;
}

/**
 * @param refusals counts what they refuse
 * @param opened gets what closes each of them
 * @param parts what they serve from their first connection on; undefined where that is not there yet
 * @throws CommandError when an address cannot be listened on
 */
export async function openListeners(
  config: Config,
  files: Files,
  log: Logger,
  thread: Pick<ServingThread, 'isMain' | 'sharesPorts'>,
  refusals: Refusals,
  opened: AsyncDisposableStack,
  parts: Parts | undefined,
): Promise<Listeners> {
  const { PORT, METRICS_PORT, GRPC_PORT } = config;
  const options = {
    host: config.HOST,
    isShared: thread.sharesPorts,
    keepAliveTimeoutMs: config.KEEP_ALIVE_TIMEOUT_MS,
    headersTimeoutMs: config.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: config.UPLOAD_TIMEOUT_MS || uploadTimeFor(config.MAX_BODY_BYTES),
    stallTimeoutMs: config.STALL_TIMEOUT_MS,
    maxConnections: config.MAX_CONNECTIONS,
    refusals,
  };
  const closedAfter = <Opened extends Pick<Listener, 'close'>>(
    listener: Opened,
    timeoutMs: number,
  ) => {
    opened.defer(async () => void (await listener.close(timeoutMs)));
    return listener;
  };
  const claimed = async (port: number, variable: string) => {
    if (!thread.sharesPorts || !thread.isMain) return;
    const release = await claim({ ...options, port, variable });
    opened.defer(release);
  };
  const open = async (port: number, variable: string, isShared = thread.sharesPorts) => {
    if (isShared) await claimed(port, variable);
    return listen(answerStarting, { ...options, isShared, port, variable });
  };
  /** What it needs is loaded only where it is served. */
  const openGrpc = async (port: number): Promise<GrpcListener> => {
    const variable = 'GRPC_PORT';
    await claimed(port, variable);
    const { listenGrpc } = await import('../../protocols/grpc/listener.ts');
    return listenGrpc({
      ...options,
      port,
      variable,
      log,
      protos: files.protos,
      maxMessageBytes: config.MAX_BODY_BYTES,
      idleTimeoutMs: config.KEEP_ALIVE_TIMEOUT_MS,
    });
  };
  const grpc = GRPC_PORT === undefined ? undefined : closedAfter(await openGrpc(GRPC_PORT), 0);
  if (parts) grpc?.serve(parts);
  const main = closedAfter(await open(PORT, 'PORT'), 0);
  if (parts) main.handleWith(createApp(parts, main.messages));
  const metrics =
    METRICS_PORT === undefined || !thread.isMain
      ? undefined
      : closedAfter(await open(METRICS_PORT, 'METRICS_PORT', false), 1000);
  return {
    port: main.port,
    metricsPort: metrics?.port,
    grpcPort: grpc?.port,
    get requestsInFlight() {
      return main.requestsInFlight + (grpc?.requestsInFlight ?? 0);
    },
    serve(parts) {
      main.handleWith(createApp(parts, main.messages));
      metrics?.handleWith(createMetricsApp(parts, metrics.messages));
      grpc?.serve(parts);
    },
    async close(timeoutMs) {
      const cuts = await Promise.all([main, grpc].map((one) => one?.close(timeoutMs) ?? 0));
      return cuts.reduce((sum, one) => sum + one);
    },
  };
}
