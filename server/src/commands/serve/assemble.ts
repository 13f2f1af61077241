// Loads the model and puts the parts of a predictor together by its settings.
import type { Logger } from 'pino';
import { readContract } from '../../model/contract/read-contract.ts';
import { accessLog } from '../../observe/access-log.ts';
import { withoutMessage } from '../../observe/log.ts';
import { createMetrics } from '../../observe/metrics.ts';
import { Observers } from '../../observe/observer.ts';
import { Statistics } from '../../observe/statistics.ts';
import { readApiKeys } from '../../protocols/api-keys.ts';
import type { AppParts } from '../../protocols/app.ts';
import type { Listener } from '../../protocols/http/listener.ts';
import { type Resources, readResources } from '../../runtime/resources.ts';
import type { State } from '../../serving/lifecycle.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';
import { loadModels } from './load-models.ts';
import type { ServingThread } from './threads/thread.ts';
import { together } from './threads/together.ts';
import { startTraffic } from './traffic.ts';

export interface Parts extends AppParts {
  readonly observer: Observers;
  readonly settings: Config;
  readonly resources: Resources;
}

/**
 * @param listener tells of the requests in flight and of what was refused, for the metrics
 * @param opened gets what frees each thing that is taken
 */
export async function assemble(
  config: Config,
  files: Files,
  log: Logger,
  listener: Pick<Listener, 'requestsInFlight' | 'refusals'>,
  opened: AsyncDisposableStack,
  thread: ServingThread,
  signal: AbortSignal | undefined,
): Promise<Parts> {
  const keysOf = (variable: 'API_KEYS_FILE' | 'OPERATOR_KEYS_FILE') => {
    const file = config[variable];
    if (file === undefined) return undefined;
    const keys = readApiKeys(variable, file, log);
    opened.defer(() => keys.close());
    return keys;
  };
  const apiKeys = keysOf('API_KEYS_FILE');
  const operatorKeys = keysOf('OPERATOR_KEYS_FILE');
  const resources = readResources();
  const threads = () => thread.state.threads;
  const onFault = (error: unknown) =>
    log.error({ err: withoutMessage(error) }, 'an observer failed');
  const observers = new Observers(onFault);
  let workerThreadsLost = 0;
  const common = {
    manifestSchema: files.manifestSchema,
    contract: await readContract(files.contract),
    contractOptions: {
      maxRows: config.MAX_ROWS,
      needsApiKey: apiKeys !== undefined,
      without: [
        ...(config.METRICS_PORT === undefined ? [] : ['getMetrics', 'getShadowDisagreements']),
        ...(operatorKeys === undefined ? ['loadModel', 'unloadModel'] : []),
      ],
    },
    settings: config,
    resources,
    threads,
    observer: observers,
    onThreadLost({ message: reason }: Error) {
      workerThreadsLost++;
      log.error({ reason }, 'a worker thread was lost with its runs; another is started');
    },
    onFault,
    signal,
  };
  const { models, repository } = await loadModels(
    config,
    files,
    common,
    log,
    opened,
    thread.isMain,
  );
  for (const { model, serving } of models.served) {
    for (const missing of serving.providers.missing)
      log.warn(
        { model: model.name, ...missing, executionProviders: serving.providers.usable },
        'an execution provider does not work here; EXECUTION_PROVIDER_FALLBACK is on, so serving goes on without it',
      );
  }
  // Of the process: with MODELS_DIR, the main model may have a version of its own.
  const version = config.MODEL_VERSION ?? models.main.model.version;
  const metrics = createMetrics({
    version,
    slots: () => models.slots,
    resources,
    requestsInFlight: () => listener.requestsInFlight,
    refusals: listener.refusals,
    workerThreadsLost: () => workerThreadsLost,
    threads,
    silentThreads: () => thread.state.silent,
  });
  const statistics = new Statistics();
  const state = (): State => {
    const reason = models.failure();
    thread.state.tell(thread.number, reason !== undefined);
    return reason === undefined ? thread.state.current : { kind: 'broken', reason };
  };
  const { model } = models.main;
  const { logTallies, shadowTallies } = thread.state;
  const traffic = startTraffic(
    config,
    model,
    version,
    shadowTallies,
    metrics.registry,
    log,
    opened,
  );
  for (const subscriber of [metrics, statistics, accessLog(log, config, logTallies)])
    observers.add(subscriber);
  if (config.SHADOW !== undefined || config.TRAFFIC_FILE !== undefined) observers.add(traffic);
  return {
    models,
    repository,
    ...together(thread, { metrics, statistics, traffic, state }),
    operatorKeys,
    reloads: config.MODEL_RELOAD_SECONDS > 0 || operatorKeys !== undefined,
    observer: observers,
    traffic,
    apiKeys,
    log,
    playground: files.playground,
    settings: config,
    resources,
    threads,
    state,
  };
}
