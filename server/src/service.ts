// One predictor: listens at once, loads and tries the model, then serves until it is told to stop.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { createApp, createMetricsApp } from './app.ts';
import type { Config } from './config/config.ts';
import type { Context } from './context.ts';
import { createContract } from './contract/contract.ts';
import { readContract } from './contract/read-contract.ts';
import { createBatcher } from './engine/batcher.ts';
import { chooseServing } from './engine/choose.ts';
import { readResources } from './engine/resources.ts';
import type { Files } from './files.ts';
import { readApiKeys } from './http/api-keys.ts';
import { type Listener, listen, uploadTimeFor } from './http/listener.ts';
import { answerStarting } from './http/starting.ts';
import type { State } from './lifecycle.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { readGolden } from './model/golden.ts';
import { readManifest } from './model/manifest.ts';
import { describeModel } from './model/model.ts';
import { Statistics } from './open-inference/statistics.ts';
import { createShadow, type Shadow } from './shadow/shadow.ts';
import { checkSplit } from './split/split.ts';

export interface Service {
  readonly context: Context;
  readonly port: number;
  /** The port of the metrics, when it is another. */
  readonly metricsPort: number | undefined;
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
  };
  const main = await listen(answerStarting, { ...address, port: config.PORT, variable: 'PORT' });
  opened.defer(async () => void (await main.close(0)));
  const metricsPort = config.METRICS_PORT;
  const metricsListener =
    metricsPort === undefined
      ? undefined
      : await listen(answerStarting, { ...address, port: metricsPort, variable: 'METRICS_PORT' });
  if (metricsListener) opened.defer(async () => void (await metricsListener.close(1_000)));

  const context = await createContext(
    config,
    files,
    log,
    main,
    opened,
    () => currentState(context, state),
    signal,
  );
  signal?.throwIfAborted();
  main.handleWith(createApp(context, files));
  metricsListener?.handleWith(createMetricsApp(context));
  state = { kind: 'ready' };
  log.info(startReport(context, main.port), 'ready');

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    state = { kind: 'draining' };
    log.info({ requestsInFlight: main.requestsInFlight }, 'draining');
    await new Promise((resolve) => setTimeout(resolve, config.DRAIN_DELAY_MS));
    const cut = await main.close(config.SHUTDOWN_TIMEOUT_MS);
    if (cut > 0)
      log.warn(
        { requests: cut },
        'requests were cut off: they took longer than SHUTDOWN_TIMEOUT_MS',
      );
    await opened.disposeAsync();
    log.info('stopped');
  };
  return {
    context,
    port: main.port,
    metricsPort: metricsListener?.port,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function createContext(
  config: Config,
  files: Files,
  log: Logger,
  listener: Listener,
  opened: AsyncDisposableStack,
  state: () => State,
  signal: AbortSignal | undefined,
): Promise<Context> {
  const directory = config.MODEL_DIR ?? fileURLToPath(files.defaultModel);
  const apiKeys =
    config.API_KEYS_FILE === undefined ? undefined : readApiKeys(config.API_KEYS_FILE, log);
  if (apiKeys) opened.defer(() => apiKeys.close());
  const manifestFile = path.join(directory, 'model.json');
  const [manifest, golden, base] = await Promise.all([
    readManifest(manifestFile, files.manifestSchema),
    readGolden(path.join(directory, 'golden.json')),
    readContract(files.contract),
  ]);
  const resources = readResources();
  const naming = { name: config.MODEL_NAME, version: config.MODEL_VERSION };
  const serving = await chooseServing(
    path.join(directory, 'model.onnx'),
    (signature) => describeModel(signature, manifest, naming, manifestFile),
    golden,
    config,
    resources,
    {
      signal,
      onLoss: ({ message: reason }) =>
        log.error({ reason }, 'a worker thread was lost with its runs; another is started'),
    },
  );
  opened.defer(() => serving.engine.close());
  for (const missing of serving.providers.missing)
    log.warn(
      { ...missing, executionProviders: serving.providers.usable },
      'an execution provider does not work here; EXECUTION_PROVIDER_FALLBACK is on, so serving goes on without it',
    );
  const contract = createContract(base, serving.model, {
    basePath: config.BASE_PATH,
    maxRows: config.MAX_ROWS,
    needsApiKey: apiKeys !== undefined,
    without: config.METRICS_PORT === undefined ? [] : ['getMetrics', 'getShadowDisagreements'],
  });
  const metrics = createMetrics({
    version: serving.model.version,
    model: {
      name: serving.model.name,
      labels: serving.model.labels,
      contractHash: contract.hash,
    },
    resources,
    queuedRows: () => batcher.queuedRows,
    queueLimitRows: () => batcher.queueLimitRows,
    requestsInFlight: () => listener.requestsInFlight,
  });
  checkSplit(config, serving.model.version);
  const shadow = shadowOf(config, serving.model.version, metrics);
  if (shadow) opened.defer(() => shadow.close());
  const statistics = new Statistics();
  const batcher = createBatcher(serving.engine, {
    batching: serving.batching,
    batchMaxRows: config.BATCH_MAX_ROWS,
    queueMaxRows: config.QUEUE_MAX_ROWS,
    queueMaxBytes: config.QUEUE_MAX_BYTES || Math.floor(resources.memoryBytes / 8),
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    pace: serving.pace,
    onFault: (error) => log.error({ err: error }, 'a response could not be sent'),
    onRun: (rows, durationMs) => {
      metrics.runDone(rows, durationMs / 1000);
      statistics.ran();
    },
  });
  opened.defer(() => batcher.close());
  return {
    config,
    log,
    resources,
    serving,
    contract,
    batcher,
    metrics,
    statistics,
    shadow,
    apiKeys,
    state,
  };
}

function shadowOf(config: Config, champion: string, metrics: Metrics): Shadow | undefined {
  const { SHADOW: challenger } = config;
  if (challenger === undefined) return undefined;
  return createShadow({
    champion,
    challenger,
    share: config.SHADOW_SHARE,
    perSecond: config.SHADOW_RATE,
    maxInFlight: config.SHADOW_MAX_IN_FLIGHT,
    timeoutMs: config.SHADOW_TIMEOUT_MS,
    tolerance: config.SHADOW_TOLERANCE,
    keep: config.SHADOW_KEEP,
    onCompared: metrics.shadowing(challenger.version),
  });
}

/** An engine that cannot go on makes the process broken, whatever state it was in. */
function currentState({ serving }: Context, state: State): State {
  const reason = serving.engine.failure();
  return reason === undefined ? state : { kind: 'broken', reason };
}

function startReport({ serving, contract, resources }: Context, port: number): object {
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
