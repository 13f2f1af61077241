// Everything the predictor measures, in Prometheus' terms. Label values are bounded: routes of the contract,
// methods and statuses of HTTP, labels of the model.
import { type Aggregator, AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { Model } from '../model/model.ts';
import { labelOf } from '../model/prediction.ts';
import type { Resources } from '../runtime/resources.ts';
import { type Slot, UNLOADED } from '../serving/slot.ts';
import { collectProcessMetrics } from './event-loop.ts';
import { hotCounter, hotHistogram } from './hot-metrics.ts';
import type { Observer } from './observer.ts';

/** Seconds, from 100 µs (a small model inline) to 10 s (the default deadline). */
const LATENCY_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const ROW_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/** Clients may send any method that HTTP has, and there are dozens. */
const METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
/** What a prediction ends with: 200, or one of these where the server fails it. */
const PREDICTION_STATUSES = [200, 500, 503, 504];
/** Classes beyond this many are counted together, so that a model with a huge vocabulary stays cheap to scrape. */
const MAX_LABELS = 100;

/** What tells the slots apart. */
const OF_SLOT = ['model', 'model_version'];

function labelsOf({ name, version }: CountedSlot) {
  return { model: name, model_version: version };
}

/** A subscriber that counts, and what has come of it. */
export interface Metrics extends Pick<Observer, 'exchangeEnded' | 'ran' | 'succeeded'> {
  /** For what others count. */
  readonly registry: Registry;
  readonly contentType: string;
  /** What this thread counted. */
  counted(): Promise<CountedMetrics>;
}

/** What one thread counted, as data that can go to another. */
export type CountedMetrics = readonly Omit<CountedMetric, 'collect'>[];
type CountedMetric = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];

/** What metrics tell of a slot. */
export interface CountedSlot
  extends Pick<Slot, 'name' | 'version' | 'since' | 'reason' | 'replaced' | 'refused'> {
  readonly served:
    | {
        readonly model: Pick<Model, 'labels'>;
        readonly contract: { readonly hash: string };
        readonly source: { readonly sha256: string } | undefined;
        readonly queuedRows: number;
        readonly queueLimitRows: number;
      }
    | undefined;
}

export interface MetricsSources {
  readonly version: string;
  /** A slot for each version of a model. */
  readonly slots: () => readonly CountedSlot[];
  readonly resources: Resources;
  readonly requestsInFlight: () => number;
  /** How many connections were refused, by reason: a bounded set, all of it from the start. */
  readonly refusals: Iterable<readonly [reason: string, count: number]>;
  readonly workerThreadsLost: () => number;
  readonly threads: () => number;
  readonly silentThreads: () => number;
}

/** How what several threads tell is put together, by prom-client's word for it. */
const SUM: Aggregator = 'sum';

export function createMetrics(sources: MetricsSources): Metrics {
  const { slots } = sources;
  const registry = new Registry();
  registry.setDefaultLabels({ version: sources.version });
  const registers = [registry];
  collectProcessMetrics(registry);

  const names = [...new Set(slots().map(({ name }) => name))];
  const labels = new Map(names.map((name) => [name, new Set<string>()]));
  for (const { name, served } of slots())
    for (const label of served?.model.labels?.slice(0, MAX_LABELS) ?? [])
      labels.get(name)?.add(label);
  const requests = hotCounter({
    name: 'ml_api_http_requests_total',
    help: 'Requests with a response, over HTTP and gRPC.',
    labelNames: ['route', 'method', 'status', 'model'],
    registry,
    expected: names.flatMap((name) =>
      PREDICTION_STATUSES.map((status) => ['/predict', 'POST', status, name]),
    ),
  });
  const requestSeconds = hotHistogram({
    name: 'ml_api_http_request_duration_seconds',
    help: 'Time from the request to the end of its response.',
    labelNames: ['route', 'model'],
    buckets: LATENCY_BUCKETS,
    registry,
  });
  const runSeconds = hotHistogram({
    name: 'ml_api_inference_duration_seconds',
    help: 'Duration of a run of the model.',
    labelNames: ['model'],
    buckets: LATENCY_BUCKETS,
    registry,
    expected: names.map((name) => [name]),
  });
  const batchRows = hotHistogram({
    name: 'ml_api_batch_rows',
    help: 'Rows of a run of the model.',
    labelNames: ['model'],
    buckets: ROW_BUCKETS,
    registry,
    expected: names.map((name) => [name]),
  });
  const predictions = hotCounter({
    name: 'ml_api_predictions_total',
    help: 'Rows predicted, by predicted class.',
    labelNames: ['model', 'label'],
    registry,
    expected: [...labels].flatMap(([name, some]) => [...some].map((label) => [name, label])),
  });
  const forwarded = new Counter({
    name: 'ml_api_forwarded_requests_total',
    help: 'Requests forwarded to the version of their user, which counts them, too.',
    labelNames: ['to', 'status'],
    registers,
  });
  new Counter({
    name: 'ml_api_connections_refused_total',
    help: 'Connections that the server rejected or closed, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of sources.refusals) this.inc({ reason }, count);
    },
  });
  new Counter({
    name: 'ml_api_worker_threads_lost_total',
    help: 'Worker threads lost together with their runs.',
    registers,
    collect() {
      this.reset();
      this.inc(sources.workerThreadsLost());
    },
  });
  ofSlots('ml_api_queue_rows', 'Rows waiting for a run.', ({ served }) => served?.queuedRows);
  ofSlots(
    'ml_api_queue_limit_rows',
    'Rows that may wait for a run: as many as would meet their deadline, at most QUEUE_MAX_ROWS.',
    ({ served }) => served?.queueLimitRows,
  );
  gauge('ml_api_requests_in_flight', 'Requests in flight.', sources.requestsInFlight);
  gauge(
    'ml_api_cpu_limit_cores',
    'CPUs available to the process.',
    () => sources.resources.cpus,
    'first',
  );
  gauge(
    'ml_api_memory_limit_bytes',
    'Memory available to the process.',
    () => sources.resources.memoryBytes,
    'first',
  );
  gauge('ml_api_serving_threads', 'Threads that serve requests.', sources.threads, 'first');
  gauge(
    'ml_api_serving_threads_silent',
    'Threads that did not respond within a second; their last figures are used.',
    sources.silentThreads,
    'first',
  );
  new Gauge({
    name: 'ml_api_model_info',
    help: 'A served model; always 1. source_sha256 is the beginning of the SHA-256 of model.onnx, if model.lock.json says where it came from.',
    labelNames: ['name', 'model_version', 'contract_hash', 'source_sha256'],
    registers,
    aggregator: 'first',
    collect() {
      this.reset();
      for (const { name, version, served } of slots()) {
        if (served === undefined) continue;
        const { contract, source } = served;
        const source_sha256 = source?.sha256.slice(0, 12) ?? '';
        this.set({ name, model_version: version, contract_hash: contract.hash, source_sha256 }, 1);
      }
    },
  });
  ofSlots(
    'ml_api_model_since_timestamp_seconds',
    'When the served model took over, in seconds since the epoch.',
    ({ served, since }) => (served === undefined ? undefined : since.getTime() / 1000),
    'max',
  );
  new Counter({
    name: 'ml_api_model_reloads_total',
    help: 'New models found in the directory of a model, by outcome: replaced or refused.',
    labelNames: ['outcome', ...OF_SLOT],
    registers,
    aggregator: 'max', // each thread replaces its own
    collect() {
      this.reset();
      for (const slot of slots())
        for (const outcome of ['replaced', 'refused'] as const)
          this.inc({ outcome, ...labelsOf(slot) }, slot[outcome]);
    },
  });
  ofSlots(
    'ml_api_model_reload_refused',
    '1 while the directory of a model holds one that is rejected or cannot be loaded; GET /model and the log say why.',
    ({ reason }) => Number(reason !== undefined && reason !== UNLOADED),
    'max',
  );

  /** @param read undefined where there is nothing to tell */
  function ofSlots(
    name: string,
    help: string,
    read: (slot: CountedSlot) => number | undefined,
    aggregator = SUM,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: OF_SLOT,
      registers,
      aggregator,
      collect() {
        this.reset();
        for (const slot of slots()) {
          const value = read(slot);
          if (value !== undefined) this.set(labelsOf(slot), value);
        }
      },
    });
  }

  function gauge(name: string, help: string, read: () => number, aggregator = SUM): void {
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      collect() {
        this.set(read());
      },
    });
  }

  function predicted(model: string, label: string): void {
    const known = labels.get(model) ?? new Set();
    labels.set(model, known);
    if (known.size < MAX_LABELS) known.add(label);
    predictions(model, known.has(label) ? label : 'other');
  }

  return {
    registry,
    contentType: registry.contentType,
    async counted() {
      const metrics = await registry.getMetricsAsJSON();
      return metrics.map(({ collect: _, ...metric }) => metric);
    },
    exchangeEnded({ route, method, status, durationMs, forwardedTo, model }) {
      if (forwardedTo !== undefined) return forwarded.inc({ to: forwardedTo, status });
      requests(route, METHODS.includes(method) ? method : 'other', status, model?.name ?? '');
      requestSeconds(durationMs / 1000, route, model?.name ?? '');
    },
    ran({ name }, rows, milliseconds) {
      batchRows(rows, name);
      runSeconds(milliseconds / 1000, name);
    },
    succeeded({ model }, result) {
      if (model.task !== 'classification') return;
      for (const one of result.prediction) predicted(model.name, labelOf(model, one));
    },
  };
}

const LAG = 'nodejs_eventloop_lag_seconds';

/**
 * The metrics of a process in Prometheus' text format.
 * @param threads what each of its threads counted
 */
export function joinMetrics([first = [], ...others]: readonly CountedMetrics[]): Promise<string> {
  // What is about the process, one thread tells; the library would add it up, or leave it out.
  const told = first.map((metric) => {
    if (metric.aggregator === 'omit') return { ...metric, aggregator: 'first' };
    // A thread that stands still is not to disappear among the others.
    return metric.name === LAG ? { ...metric, aggregator: 'max' } : metric;
  });
  const ofThreads = others.map((one) => one.filter(({ name }) => !name.startsWith('process_')));
  return AggregatorRegistry.aggregate([told, ...ofThreads]).metrics();
}
