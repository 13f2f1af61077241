// One predictor: listens at once, loads and tries the model, then serves until it is told to stop.
import type { Logger } from 'pino';
import { createApp, createMetricsApp } from '../../protocols/app.ts';
import type { GrpcListener } from '../../protocols/grpc/listener.ts';
import { listen, uploadTimeFor } from '../../protocols/http/listener.ts';
import { Refusals } from '../../protocols/http/refusals.ts';
import { answerStarting } from '../../protocols/http/starting.ts';
import type { State } from '../../serving/lifecycle.ts';
import { assemble, type Parts } from './assemble.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';

export interface Service {
  /** What it is made of. */
  readonly parts: Parts;
  readonly port: number;
  /** The port of the metrics, when it is another. */
  readonly metricsPort: number | undefined;
  /** The port of gRPC, where it is served. */
  readonly grpcPort: number | undefined;
  /** Becomes unready, finishes what was begun, and frees everything. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a predictor.
 * @param signal when it aborts during the start, nothing is started
 * @throws CommandError or ModelLoadError when it cannot serve, the signal's reason when it may not; after freeing what it had
 * taken
 */
export async function createService(
  config: Config,
  files: Files,
  log: Logger,
  signal?: AbortSignal,
): Promise<Service> {
  const opened = new AsyncDisposableStack();
  try {
    return await startService(config, files, log, opened, signal);
  } catch (error) {
    await opened.disposeAsync().catch((another: unknown) => {
      log.error({ err: another }, 'not everything that the start had taken could be freed');
    });
    throw error; // the reason that counts
  }
}

/** @param opened gets what frees each thing that is taken: all of it is freed in the opposite order */
async function startService(
  config: Config,
  files: Files,
  log: Logger,
  opened: AsyncDisposableStack,
  signal: AbortSignal | undefined,
): Promise<Service> {
  let state: State = { kind: 'starting' };
  const address = {
    host: config.HOST,
    keepAliveTimeoutMs: config.KEEP_ALIVE_TIMEOUT_MS,
    headersTimeoutMs: config.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: config.UPLOAD_TIMEOUT_MS || uploadTimeFor(config.MAX_BODY_BYTES),
    stallTimeoutMs: config.STALL_TIMEOUT_MS,
    maxConnections: config.MAX_CONNECTIONS,
    refusals: new Refusals(),
  };
  /** What it needs is loaded only where it is served. */
  const startGrpc = async (port: number): Promise<GrpcListener> => {
    const { listenGrpc } = await import('../../protocols/grpc/listener.ts');
    return listenGrpc({
      ...address,
      port,
      log,
      protos: files.protos,
      maxMessageBytes: config.MAX_BODY_BYTES,
      idleTimeoutMs: config.KEEP_ALIVE_TIMEOUT_MS,
    });
  };
  const main = await listen(answerStarting, { ...address, port: config.PORT, variable: 'PORT' });
  opened.defer(async () => void (await main.close(0)));
  const metricsPort = config.METRICS_PORT;
  const metricsListener =
    metricsPort === undefined
      ? undefined
      : await listen(answerStarting, { ...address, port: metricsPort, variable: 'METRICS_PORT' });
  if (metricsListener) opened.defer(async () => void (await metricsListener.close(1_000)));

  const grpc = config.GRPC_PORT === undefined ? undefined : await startGrpc(config.GRPC_PORT);
  if (grpc) opened.defer(async () => void (await grpc.close(0)));
  const listeners = {
    refusals: address.refusals,
    get requestsInFlight() {
      return main.requestsInFlight + (grpc?.requestsInFlight ?? 0);
    },
  };

  const parts = await assemble(config, files, log, listeners, opened, () => state, signal);
  signal?.throwIfAborted();
  main.handleWith(createApp(parts, main.messages));
  metricsListener?.handleWith(createMetricsApp(parts, metricsListener.messages));
  grpc?.serve(parts);
  state = { kind: 'ready' };
  log.info({ ...startReport(parts, main.port), ...(grpc && { grpcPort: grpc.port }) }, 'ready');

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    state = { kind: 'draining' };
    log.info({ requestsInFlight: listeners.requestsInFlight }, 'draining');
    await new Promise((resolve) => setTimeout(resolve, config.DRAIN_DELAY_MS));
    const cuts = await Promise.all(
      [main, grpc].map((listener) => listener?.close(config.SHUTDOWN_TIMEOUT_MS) ?? 0),
    );
    const cut = cuts.reduce((sum, one) => sum + one);
    if (cut > 0)
      log.warn(
        { requests: cut },
        'requests were cut off: they took longer than SHUTDOWN_TIMEOUT_MS',
      );
    await opened.disposeAsync();
    log.info('stopped');
  };
  return {
    parts,
    port: main.port,
    metricsPort: metricsListener?.port,
    grpcPort: grpc?.port,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function startReport({ models, resources }: Parts, port: number): object {
  const { serving, contract } = models.main;
  const { model, engine, batching, batchingReason } = serving;
  return {
    port,
    model: model.name,
    version: model.version,
    task: model.task,
    contractHash: contract.hash,
    engine: engine.kind,
    workers: engine.workers,
    intraOpThreads: engine.intraOpThreads,
    batching,
    batchingReason,
    executionProviders: serving.providers.usable,
    ...resources,
  };
}
