// Loads the model, and makes of it and of the configuration what routes are given.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { createContract } from '../../model/contract/contract.ts';
import { readContract } from '../../model/contract/read-contract.ts';
import { readGolden } from '../../model/golden.ts';
import { readManifest } from '../../model/manifest.ts';
import { describeModel } from '../../model/model.ts';
import { createMetrics, type Metrics } from '../../observe/metrics.ts';
import { Statistics } from '../../observe/statistics.ts';
import type { Context } from '../../protocols/context.ts';
import { readApiKeys } from '../../protocols/http/api-keys.ts';
import type { Listener } from '../../protocols/http/listener.ts';
import { readResources } from '../../runtime/resources.ts';
import type { State } from '../../serving/lifecycle.ts';
import { chooseServing } from '../../serving/load/choose.ts';
import { createBatcher } from '../../serving/queue/batcher.ts';
import { createShadow, type Shadow } from '../../traffic/shadow/shadow.ts';
import { checkSplit } from '../../traffic/split/split.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';

/** @param opened gets what frees each thing that is taken */
export async function createContext(
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
  let workerThreadsLost = 0;
  const serving = await chooseServing(
    path.join(directory, 'model.onnx'),
    (signature) => describeModel(signature, manifest, naming, manifestFile),
    golden,
    config,
    resources,
    {
      signal,
      onLoss: ({ message: reason }) => {
        workerThreadsLost++;
        log.error({ reason }, 'a worker thread was lost with its runs; another is started');
      },
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
    refusals: listener.refusals,
    workerThreadsLost: () => workerThreadsLost,
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
