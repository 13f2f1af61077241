/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A real server for the tests of what calls one.
 *
 * ```ts
 * import { startServer } from '@org/ml-sdk/testing';
 * await using server = await startServer({ model: 'models/iris' });
 * const client = createClient({ baseUrl: server.url });
 * ```
 * @packageDocumentation
 */
import { ConfigurationError } from '../errors.ts';
import { checkNames } from '../known-names.ts';
import { milliseconds, wholeNumber } from '../numbers.ts';
import { ServerProcess } from './server-process.ts';
import { serverProgram } from './server-program.ts';
import { surroundings } from './surroundings.ts';

export { StartServerError } from './start-server-error.ts';

export interface StartServerOptions {
  /**
   * The directory with model.onnx, relative to the working directory, or a URI such as `mlflow://iris@champion`. By default the iris model
   * that comes with the server.
   */
  readonly model?: string | URL | undefined;
  /** The port to listen on; a free one by default. */
  readonly port?: number | undefined;
  /**
   * Settings of the server, such as `API_KEYS_FILE`, and credentials for the model's store. Of this process' own environment, the server gets
   * only PATH, HOME, proxies and the like.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long the server may take to be ready, in milliseconds; 60,000 by default. */
  readonly timeout?: number | undefined;
  /** Gives up the start. */
  readonly signal?: AbortSignal | undefined;
}

export interface RunningServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly port: number;
  /** The port of gRPC, where the setting `GRPC_PORT` asks for it; with 0 it is a free one. */
  readonly grpcPort: number | undefined;
  /** Of its process. */
  readonly pid: number | undefined;
  /** The end of what the server has printed so far, for a test that fails: its log, then its messages. */
  readonly output: string;
  /**
   * Stops the server, and resolves when it has gone. Requests in flight have ten seconds. Safe to call twice.
   * @throws StartServerError when the server has failed, before or now
   */
  stop(): Promise<void>;
}

const HIGHEST_PORT = 65_535;
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Starts a server, and resolves when it is ready. It runs in a process of its own, the installed `@org/ml-api`, which ends with this one.
 * @throws ConfigurationError when an option is wrong, or the server is not installed
 * @throws StartServerError when the server does not start; the message has its reason
 */
export async function startServer(options: StartServerOptions = {}): Promise<RunningServer> {
  const names = Object.keys(OPTIONS);
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('options', `expected an object with some of ${names.join(', ')}`);
  checkNames(options, names);
  const { model, signal, env = {} } = options;
  const wanted = wholeNumber('port', options.port ?? 0, 0);
  if (wanted > HIGHEST_PORT)
    throw new ConfigurationError('port', `expected at most ${HIGHEST_PORT}, got ${wanted}`);
  const timeout = milliseconds('timeout', options.timeout ?? DEFAULT_TIMEOUT_MS);
  if (String(model) === '')
    throw new ConfigurationError('model', 'expected a directory or a URI, got ""');
  if (env['PORT'] !== undefined)
    throw new ConfigurationError('env', 'expected no PORT, which the option port sets');
  const program = serverProgram();
  signal?.throwIfAborted();

  const host = env['HOST'] ?? '127.0.0.1';
  const server = new ServerProcess(
    [program, 'serve', ...(model === undefined ? [] : [`--model=${model}`])],
    { ...surroundings(), ...env, HOST: host, PORT: String(wanted) },
  );
  const { port, grpcPort } = await server.ready(timeout, signal);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= server.stop();
    return stopping;
  };
  return {
    url: `http://${reachable(host)}:${port}`,
    port,
    grpcPort,
    pid: server.pid,
    get output() {
      return server.output;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const OPTIONS: Readonly<Record<keyof StartServerOptions, true>> = {
  model: true,
  port: true,
  env: true,
  timeout: true,
  signal: true,
};

/** What a URL names where the server listens on an address, or on all of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
