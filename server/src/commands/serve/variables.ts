// The environment variables of the predictor, with their defaults and what --help says of them.
import { MOST_THREADS } from './threads/how-many.ts';
import { trafficVariables } from './traffic-variables.ts';
import {
  milliseconds,
  oneOf,
  origins,
  share,
  someOf,
  text,
  urlPath,
  wholeNumber,
} from './validators.ts';

const MiB = 1024 * 1024;
const port = wholeNumber(0, 65535);

/** The variables, in the order of `--help`. Sources of the defaults stand beside them. */
export const variables = {
  HOST: text({
    default: '0.0.0.0',
    desc: 'Address to listen on. :: listens for IPv4 and IPv6; pods that have only IPv6 need it.',
  }),
  PORT: port({ default: 5000, desc: 'Port to listen on; 0 selects a free one.' }),
  METRICS_PORT: port({
    default: undefined,
    desc: 'Serve /metrics on this port only, so that no Ingress exposes it. Unset: on PORT.',
  }),
  GRPC_PORT: port({
    default: undefined,
    desc: 'Serve the Open Inference Protocol over gRPC on this port; 0 selects a free one. Unset: no gRPC.',
  }),
  BASE_PATH: urlPath({ default: undefined, desc: 'Mount all routes here too, such as /v1.' }),
  MODEL_DIR: text({
    default: undefined,
    desc: 'Directory with model.onnx and, optionally, model.json and golden.json. Unset: the iris model v1.',
  }),
  MODELS_DIR: text({
    default: undefined,
    desc: 'Directory with one folder per model, to serve several; replaces MODEL_DIR. NAME/model.onnx, or NAME/1/model.onnx, NAME/2/model.onnx for versions.',
  }),
  DEFAULT_MODEL: text({
    default: undefined,
    desc: 'The model of MODELS_DIR that /predict serves; required if there are several.',
  }),
  MODEL_NAME: text({ default: undefined, desc: "Name to report instead of model.json's." }),
  MODEL_VERSION: text({ default: undefined, desc: "Version to report instead of model.json's." }),
  MODEL_RELOAD_SECONDS: wholeNumber(
    0,
    86_400,
    'seconds',
  )({
    default: 0,
    desc: "How often to check the model's directory for a new model, which then replaces the served one without a restart; 0: never.",
  }),
  MODEL_RELOAD_CONTRACT: oneOf(
    'same',
    'any',
  )({
    default: 'same',
    desc: 'Which models may replace the served one: those with the same contract, or any.',
  }),
  LOG_LEVEL: oneOf(
    'fatal',
    'error',
    'warn',
    'info',
    'debug',
    'trace',
    'silent',
  )({
    default: 'info',
    desc: 'Lowest level that is logged.',
  }),
  LOG_SAMPLE: share({
    default: 1,
    desc: 'Share of successful requests that are logged; failures always are.',
  }),
  LOG_RATE: wholeNumber(
    0,
    1_000_000,
  )({
    default: 100, // as zap's production default: the first 100 a second
    desc: 'Maximum requests logged per second, for successes and for failures each; 0: no limit. The next line counts those omitted.',
  }),
  MAX_BODY_BYTES: wholeNumber(
    1024,
    1024 * MiB,
    'bytes',
  )({
    default: MiB,
    desc: 'Largest request body or gRPC message, after decompression.',
  }),
  MAX_ROWS: wholeNumber(1, 1_000_000)({ default: 1024, desc: 'Maximum rows of a request.' }),
  BATCHING: oneOf(
    'auto',
    'on',
    'off',
  )({
    default: 'auto',
    desc: 'Run waiting requests as one batch. auto: if outputs stay bit for bit the same.',
  }),
  BATCH_MAX_ROWS: wholeNumber(1, 65_536)({ default: 64, desc: 'Maximum rows of a batch.' }),
  QUEUE_MAX_ROWS: wholeNumber(
    1,
    10_000_000,
  )({
    default: 4096,
    desc: 'Rows that may wait in each serving thread; further ones get 503, like requests that would miss their deadline.',
  }),
  QUEUE_MAX_BYTES: wholeNumber(
    0,
    1024 * 1024 * MiB,
    'bytes',
  )({
    default: 0,
    desc: "Memory for requests that wait for one model in a serving thread; 0: an eighth of the process's memory limit, shared by all models and threads.",
  }),
  REQUEST_TIMEOUT_MS: milliseconds(1)({ default: 10_000, desc: 'Deadline of a prediction.' }),
  SERVING_THREADS: wholeNumber(
    0,
    MOST_THREADS,
  )({
    default: 0,
    desc: 'Threads that serve requests, each with its own models, queue and limits. 0: if all models are light and none may change, one per CPU, at most 4 and one per 256 MiB; otherwise one.',
  }),
  ENGINE: oneOf(
    'auto',
    'inline',
    'workers',
  )({
    default: 'auto',
    desc: 'Where runs happen: the main thread or worker threads. auto: by measuring the model.',
  }),
  WORKERS: wholeNumber(0, 256)({ default: 0, desc: 'Worker threads; 0: one per CPU.' }),
  INTRA_OP_THREADS: wholeNumber(
    0,
    256,
  )({
    default: 0,
    desc: 'ONNX Runtime threads per run; 0: the CPUs, divided among the workers.',
  }),
  EXECUTION_PROVIDERS: someOf(
    'cpu',
    'cuda',
    'tensorrt',
  )({
    default: ['cpu'],
    desc: "ONNX Runtime's execution providers, in order of preference; the CPU runs what the others cannot.",
  }),
  EXECUTION_PROVIDER_FALLBACK: oneOf(
    'on',
    'off',
  )({
    default: 'off',
    desc: 'If an execution provider does not work. on: log it and serve without it; off: do not start.',
  }),
  API_KEYS_FILE: text({
    default: undefined,
    desc: 'File with one API key per line; if set, /predict and /model require one.',
  }),
  OPERATOR_KEYS_FILE: text({
    default: undefined,
    desc: 'File with one API key per line, for operators, who may load and unload models of MODELS_DIR. Unset: nobody may.',
  }),
  CORS_ORIGINS: origins({
    default: undefined,
    desc: 'Origins whose pages may call the API: *, or a comma-separated list.',
  }),
  DOCS: oneOf(
    'on',
    'off',
  )({ default: 'on', desc: 'Serve the playground at / and the API docs at /docs.' }),
  TRAFFIC_FILE: text({
    default: undefined,
    desc: 'JSON file with SHADOW, SPLIT, VERSIONS and the SHADOW_ and SPLIT_ variables, instead of the environment; read again when it changes.',
  }),
  ...trafficVariables,
  DRAIN_DELAY_MS: milliseconds(0)({
    default: 0,
    desc: 'Time to continue serving after SIGTERM, while load balancers notice that /readyz fails.',
  }),
  SHUTDOWN_TIMEOUT_MS: milliseconds(0)({
    default: 25_000, // below Kubernetes' default grace of 30 s
    desc: 'Maximum wait for requests in flight before the process exits.',
  }),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(1000)({
    // Above the idle timeouts of nginx and of AWS's load balancers (60 s). Google's load balancers keep connections for 600 s:
    // set 620000 behind them. Envoy keeps them for 1 h, but repeats a request whose connection was closed before it was sent.
    default: 75_000,
    desc: "Idle timeout of a connection, before its first request and between two; should exceed the proxy's.",
  }),
  HEADERS_TIMEOUT_MS: milliseconds(100)({
    default: 10_000,
    desc: 'Maximum time for the headers of a request; then 408, and the connection is closed.',
  }),
  UPLOAD_TIMEOUT_MS: milliseconds(0)({
    default: 0,
    desc: 'Maximum time for a complete request to arrive; then 408, and the connection is closed. 0: the time for MAX_BODY_BYTES at 1 Mbit/s, at least 30 s.',
  }),
  STALL_TIMEOUT_MS: milliseconds(100)({
    default: 30_000,
    desc: 'Maximum time without a client reading from its response; then the connection is closed.',
  }),
  MAX_CONNECTIONS: wholeNumber(
    1,
    1_000_000,
  )({
    default: 10_000, // of 15 kB each while they idle; a burst of clients should find room
    desc: 'Maximum open connections per serving thread; further ones are closed at once.',
  }),
} as const;
