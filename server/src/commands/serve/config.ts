// Every setting of the predictor: environment variables in, one typed Config out, all errors at once.
import { cleanEnv } from 'envalid';
import { CommandError } from '../../util/command-error.ts';
import { columns } from '../columns.ts';
import { MOST_THREADS } from './threads/how-many.ts';
import { trafficVariables } from './traffic-variables.ts';
import {
  milliseconds,
  oneOf,
  origins,
  reportTo,
  share,
  someOf,
  text,
  urlPath,
  wholeNumber,
} from './validators.ts';

const MiB = 1024 * 1024;
const port = wholeNumber(0, 65535);

/** The variables, in the order of `--help`. Sources of the defaults stand beside them. */
const variables = {
  HOST: text({
    default: '0.0.0.0',
    desc: 'Address to listen on. :: listens for IPv4 and IPv6; pods with IPv6 alone need it.',
  }),
  PORT: port({ default: 5000, desc: 'Port to listen on; 0 takes a free one.' }),
  METRICS_PORT: port({
    default: undefined,
    desc: 'Serve /metrics on this port only, so that an Ingress never shows it. Unset: on PORT.',
  }),
  GRPC_PORT: port({
    default: undefined,
    desc: 'Serve the Open Inference Protocol over gRPC on this port; 0 takes a free one. Unset: no gRPC.',
  }),
  MODEL_DIR: text({
    default: undefined,
    desc: 'Directory with model.onnx and, optionally, model.json and golden.json. Unset: the iris model v1.',
  }),
  MODELS_DIR: text({
    default: undefined,
    desc: 'Directory with a folder for each of several models, in place of MODEL_DIR: NAME/model.onnx, or NAME/1/model.onnx, NAME/2/model.onnx for versions.',
  }),
  DEFAULT_MODEL: text({
    default: undefined,
    desc: 'The model of MODELS_DIR that /predict serves. Unset: the only one.',
  }),
  MODEL_NAME: text({ default: undefined, desc: "Name to report instead of model.json's." }),
  MODEL_VERSION: text({ default: undefined, desc: "Version to report instead of model.json's." }),
  MODEL_RELOAD_SECONDS: wholeNumber(
    0,
    86_400,
    'seconds',
  )({
    default: 0,
    desc: "How often to look whether a model's directory holds another model, which then takes the place of the served one without a restart; 0: never.",
  }),
  MODEL_RELOAD_CONTRACT: oneOf(
    'same',
    'any',
  )({
    default: 'same',
    desc: 'Which models may take the place of the served one: those that take and give the same, or any.',
  }),
  BASE_PATH: urlPath({ default: undefined, desc: 'Mount all routes here too, such as /v1.' }),
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
    desc: 'Least level of the lines logged.',
  }),
  LOG_SAMPLE: share({
    default: 1,
    desc: 'Share of the successful requests logged; failures are whatever it says.',
  }),
  LOG_RATE: wholeNumber(
    0,
    1_000_000,
  )({
    default: 100, // as zap's production default: the first 100 a second
    desc: 'Requests logged a second at most, successes and failures each; 0: no limit. The next line counts the others.',
  }),
  MAX_BODY_BYTES: wholeNumber(
    1024,
    1024 * MiB,
    'bytes',
  )({
    default: MiB,
    desc: 'Largest request body, or message of gRPC, after decompression.',
  }),
  MAX_ROWS: wholeNumber(1, 1_000_000)({ default: 1024, desc: 'Most rows of one request.' }),
  BATCHING: oneOf(
    'auto',
    'on',
    'off',
  )({
    default: 'auto',
    desc: 'Run waiting requests together. auto: when the outputs are then bit for bit the same.',
  }),
  BATCH_MAX_ROWS: wholeNumber(1, 65_536)({ default: 64, desc: 'Most rows of one batched run.' }),
  QUEUE_MAX_ROWS: wholeNumber(
    1,
    10_000_000,
  )({
    default: 4096,
    desc: 'Rows that may wait in each serving thread; more are refused with 503, and so is what would wait for longer than its deadline.',
  }),
  QUEUE_MAX_BYTES: wholeNumber(
    0,
    1024 * 1024 * MiB,
    'bytes',
  )({
    default: 0,
    desc: "Memory of the requests that may wait for one model in a serving thread; 0: an eighth of the process's memory limit, shared by all models and threads.",
  }),
  REQUEST_TIMEOUT_MS: milliseconds(1)({ default: 10_000, desc: 'Deadline of a prediction.' }),
  SERVING_THREADS: wholeNumber(
    0,
    MOST_THREADS,
  )({
    default: 0,
    desc: 'Threads that serve requests, each with the models, a queue and limits of its own. 0: one for each CPU granted, at most 4 and one for each 256 MiB, where all models are light and none may change; else one.',
  }),
  ENGINE: oneOf(
    'auto',
    'inline',
    'workers',
  )({
    default: 'auto',
    desc: 'Where runs happen: the main thread or worker threads. auto: by measuring the model.',
  }),
  WORKERS: wholeNumber(
    0,
    256,
  )({ default: 0, desc: 'Worker threads; 0: one for each CPU granted.' }),
  INTRA_OP_THREADS: wholeNumber(
    0,
    256,
  )({
    default: 0,
    desc: 'ONNX Runtime threads of one run; 0: the CPUs granted, shared by the workers.',
  }),
  EXECUTION_PROVIDERS: someOf(
    'cpu',
    'cuda',
    'tensorrt',
  )({
    default: ['cpu'],
    desc: "ONNX Runtime's execution providers, in order of preference; the CPU takes what the others cannot.",
  }),
  EXECUTION_PROVIDER_FALLBACK: oneOf(
    'on',
    'off',
  )({
    default: 'off',
    desc: 'on: serve without an execution provider that does not work here, and log it; off: do not start.',
  }),
  API_KEYS_FILE: text({
    default: undefined,
    desc: 'File with one API key a line; when set, /predict and /model need one.',
  }),
  OPERATOR_KEYS_FILE: text({
    default: undefined,
    desc: 'File with one API key a line, for those who may load and unload the models of MODELS_DIR; unset: nobody may.',
  }),
  CORS_ORIGINS: origins({
    default: undefined,
    desc: 'Origins whose pages may call the API: *, or a comma-separated list.',
  }),
  DOCS: oneOf(
    'on',
    'off',
  )({ default: 'on', desc: 'Serve the pages for people: the playground at /, the docs at /docs.' }),
  TRAFFIC_FILE: text({
    default: undefined,
    desc: 'File with SHADOW, SPLIT, VERSIONS and what goes with them, in place of these variables: a JSON object of them, read again when it changes.',
  }),
  ...trafficVariables,
  DRAIN_DELAY_MS: milliseconds(0)({
    default: 0,
    desc: 'Time to go on serving after SIGTERM, while load balancers notice that /readyz fails.',
  }),
  SHUTDOWN_TIMEOUT_MS: milliseconds(0)({
    default: 25_000, // below Kubernetes' default grace of 30 s
    desc: 'Longest wait for requests in flight before the process ends.',
  }),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(1000)({
    // Above the idle timeouts of nginx and of AWS's load balancers (60 s). Google's load balancers keep connections for 600 s:
    // set 620000 behind them. Envoy keeps them for 1 h, but repeats a request whose connection was closed before it was sent.
    default: 75_000,
    desc: "Idle time of a kept connection; should exceed the proxy's.",
  }),
  HEADERS_TIMEOUT_MS: milliseconds(100)({
    default: 10_000,
    desc: 'Longest time for the headers of a request; then 408, and the connection is closed.',
  }),
  UPLOAD_TIMEOUT_MS: milliseconds(0)({
    default: 0,
    desc: 'Longest time for a request to arrive whole; then 408, and the connection is closed. 0: what MAX_BODY_BYTES takes at 1 Mbit/s, at least 30 s.',
  }),
  STALL_TIMEOUT_MS: milliseconds(100)({
    default: 30_000,
    desc: 'Longest time for which a client may read nothing of its response; then the connection is closed.',
  }),
  MAX_CONNECTIONS: wholeNumber(
    1,
    1_000_000,
  )({
    default: 10_000, // of 15 kB each while they idle; a burst of clients should find room
    desc: 'Connections that each serving thread may have open; more are closed as they come.',
  }),
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of one predictor process. */
export type Config = Readonly<ReturnType<typeof clean>>;

/**
 * Reads the settings.
 * @throws CommandError naming every variable that is wrong, what was expected and what it was.
 */
export function readConfig(env: Environment): Config {
  const config = clean(env);
  if (config.MAX_ROWS > config.QUEUE_MAX_ROWS)
    throw new CommandError(
      `MAX_ROWS (${config.MAX_ROWS}) is more than QUEUE_MAX_ROWS (${config.QUEUE_MAX_ROWS}), so that the largest request could never be queued. Raise QUEUE_MAX_ROWS or lower MAX_ROWS.`,
    );
  checkPorts(config);
  checkTraffic(config, env);
  if (config.UPLOAD_TIMEOUT_MS > 0 && config.HEADERS_TIMEOUT_MS > config.UPLOAD_TIMEOUT_MS)
    throw new CommandError(
      `HEADERS_TIMEOUT_MS (${config.HEADERS_TIMEOUT_MS}) is more than UPLOAD_TIMEOUT_MS (${config.UPLOAD_TIMEOUT_MS}), which includes it. Raise UPLOAD_TIMEOUT_MS or lower HEADERS_TIMEOUT_MS.`,
    );
  return { ...config }; // envalid's own object is a Proxy: slow to read
}

function checkPorts({ PORT, METRICS_PORT, GRPC_PORT }: Config): void {
  const equal = (one: number | undefined, other: number | undefined) =>
    one !== undefined && one !== 0 && one === other;
  if (equal(METRICS_PORT, PORT))
    throw new CommandError(
      `METRICS_PORT and PORT are both ${PORT}. Give them different ports, or unset METRICS_PORT to serve /metrics on PORT.`,
    );
  for (const [name, port] of Object.entries({ PORT, METRICS_PORT }))
    if (equal(GRPC_PORT, port))
      throw new CommandError(
        `GRPC_PORT and ${name} are both ${GRPC_PORT}. Give them different ports, or unset GRPC_PORT to serve no gRPC.`,
      );
}

/** What the file says, no variable says beside it. */
function checkTraffic({ TRAFFIC_FILE }: Config, env: Environment): void {
  const both = Object.keys(trafficVariables).find((name) => env[name] !== undefined);
  if (TRAFFIC_FILE !== undefined && both !== undefined)
    throw new CommandError(
      `${both} is set, and so is TRAFFIC_FILE, which says it. Move ${both} to the file, or unset TRAFFIC_FILE.`,
    );
}

/** The text of `serve --help`: every variable, its default and what it does. */
export function describeConfig(): string {
  return columns(
    Object.entries(documentedVariables()).map(([name, { fallback, description }]) => [
      name,
      `${description} [${fallback}]`,
    ]),
  );
}

/** Name, default and description of every variable, for `--help` and the docs. */
export function documentedVariables(): Record<string, { fallback: string; description: string }> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, spec]) => [
      name,
      {
        fallback: spec.default === undefined ? 'unset' : String(spec.default),
        description: spec.desc ?? '',
      },
    ]),
  );
}

function clean(env: Environment) {
  return cleanEnv(env, variables, { reporter: reportTo('with --help') });
}
