// Everything the predictor measures, in Prometheus' terms. Label values are bounded: routes of the contract,
// methods and statuses of HTTP, labels of the model.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { labelOf } from '../model/prediction.ts';
import type { Resources } from '../runtime/resources.ts';
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

/** A subscriber that counts, and what has come of it. */
export interface Metrics extends Pick<Observer, 'exchangeEnded' | 'ran' | 'succeeded'> {
  /** For what others count. */
  readonly registry: Registry;
  readonly contentType: string;
  /** The metrics in Prometheus' text format. */
  text(): Promise<string>;
}

export interface MetricsSources {
  readonly version: string;
  /** The model that is served at this moment. */
  readonly model: () => {
    readonly name: string;
    readonly contractHash: string;
    /** The names of its classes, where it has some. */
    readonly labels?: readonly string[] | undefined;
    /** When it took the calls. */
    readonly since: Date;
  };
  /** How often the model was replaced, and how often that was refused; whether what its directory holds now is refused. */
  readonly reloads: () => {
    readonly replaced: number;
    readonly refused: number;
    readonly isRefused: boolean;
  };
  readonly resources: Resources;
  readonly queuedRows: () => number;
  /** Rows that may wait at most. */
  readonly queueLimitRows: () => number;
  readonly requestsInFlight: () => number;
  /** How many connections were refused, by reason: a bounded set, all of it from the start. */
  readonly refusals: Iterable<readonly [reason: string, count: number]>;
  readonly workerThreadsLost: () => number;
}

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ version: sources.version });
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const labels = new Set(sources.model().labels?.slice(0, MAX_LABELS));
  const requests = hotCounter({
    name: 'ml_api_http_requests_total',
    help: 'Requests answered, over HTTP and gRPC.',
    labelNames: ['route', 'method', 'status'],
    registry,
    expected: PREDICTION_STATUSES.map((status) => ['/predict', 'POST', status]),
  });
  const requestSeconds = hotHistogram({
    name: 'ml_api_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['route'],
    buckets: LATENCY_BUCKETS,
    registry,
  });
  const runSeconds = hotHistogram({
    name: 'ml_api_inference_duration_seconds',
    help: 'Time of one run of the model.',
    labelNames: [],
    buckets: LATENCY_BUCKETS,
    registry,
  });
  const batchRows = hotHistogram({
    name: 'ml_api_batch_rows',
    help: 'Rows of one run of the model.',
    labelNames: [],
    buckets: ROW_BUCKETS,
    registry,
  });
  const predictions = hotCounter({
    name: 'ml_api_predictions_total',
    help: 'Rows predicted, by predicted class.',
    labelNames: ['label'],
    registry,
    expected: [...labels].map((label) => [label]),
  });
  const forwarded = new Counter({
    name: 'ml_api_forwarded_requests_total',
    help: 'Requests passed on to the version that their user is assigned to, which counts them too.',
    labelNames: ['to', 'status'],
    registers,
  });
  new Counter({
    name: 'ml_api_connections_refused_total',
    help: 'Connections that the server refused or closed, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of sources.refusals) this.inc({ reason }, count);
    },
  });
  new Counter({
    name: 'ml_api_worker_threads_lost_total',
    help: 'Worker threads that ended with their runs.',
    registers,
    collect() {
      this.reset();
      this.inc(sources.workerThreadsLost());
    },
  });
  gauge('ml_api_queue_rows', 'Rows waiting for a run.', sources.queuedRows);
  gauge(
    'ml_api_queue_limit_rows',
    'Rows that may wait for a run: as many as would be answered within their deadline, at most QUEUE_MAX_ROWS.',
    sources.queueLimitRows,
  );
  gauge('ml_api_requests_in_flight', 'Requests being answered.', sources.requestsInFlight);
  gauge('ml_api_cpu_limit_cores', 'CPUs granted to the process.', () => sources.resources.cpus);
  gauge(
    'ml_api_memory_limit_bytes',
    'Memory granted to the process.',
    () => sources.resources.memoryBytes,
  );
  new Gauge({
    name: 'ml_api_model_info',
    help: 'The model served; always 1.',
    labelNames: ['name', 'contract_hash'],
    registers,
    collect() {
      const { name, contractHash } = sources.model();
      this.reset();
      this.set({ name, contract_hash: contractHash }, 1);
    },
  });
  gauge(
    'ml_api_model_since_timestamp_seconds',
    'When the model served took the calls, since the epoch.',
    () => sources.model().since.getTime() / 1000,
  );
  new Counter({
    name: 'ml_api_model_reloads_total',
    help: 'Times that the directory of the model held another one, by what came of it: replaced, or refused.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { replaced, refused } = sources.reloads();
      this.reset();
      this.inc({ outcome: 'replaced' }, replaced);
      this.inc({ outcome: 'refused' }, refused);
    },
  });
  gauge(
    'ml_api_model_reload_refused',
    '1 while the directory of the model holds what was refused; GET /model and the log say why.',
    () => Number(sources.reloads().isRefused),
  );

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  function predicted(label: string): void {
    if (labels.size < MAX_LABELS) labels.add(label);
    predictions(labels.has(label) ? label : 'other');
  }

  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    exchangeEnded({ route, method, status, durationMs, forwardedTo }) {
      if (forwardedTo !== undefined) return forwarded.inc({ to: forwardedTo, status });
      requests(route, METHODS.includes(method) ? method : 'other', status);
      requestSeconds(durationMs / 1000, route);
    },
    ran(_model, rows, milliseconds) {
      batchRows(rows);
      runSeconds(milliseconds / 1000);
    },
    succeeded({ model }, result) {
      if (model.task !== 'classification') return;
      for (const one of result.prediction) predicted(labelOf(model, one));
    },
  };
}
