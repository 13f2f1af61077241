// The command `serve`: reads the environment, starts the predictor, and stops it when the process is told to.
import { once } from 'node:events';
import { type Model, rowWidth } from '../../model/model.ts';
import { exampleRow } from '../../model/samples.ts';
import { createLog, withoutMessage } from '../../observe/log.ts';
import { readResources } from '../../runtime/resources.ts';
import { UsageError } from '../../util/command-error.ts';
import { endsWithin } from '../../util/ends-within.ts';
import { EXIT } from '../../util/exit-codes.ts';
import { printable } from '../../util/printable.ts';
import type { Command, Context } from '../command.ts';
import { type Options, optionsHelp, readArguments, variablesHelp } from '../options.ts';
import { readConfig } from './config.ts';
import { misspelt } from './misspelt.ts';
import { createService, type Service } from './service.ts';
import { areLight, mostThreads } from './threads/how-many.ts';
import { MainThread } from './threads/main-thread.ts';
import { variables } from './variables.ts';

const options = {
  model: { type: 'string', value: 'MODEL', desc: 'The same as MODEL.' },
  try: { type: 'boolean', desc: 'Also print what to try, as it does at a terminal.' },
} as const satisfies Options;

const help = () => `Usage: ml-api serve [MODEL] [--try]

Serves one ONNX model: the directory that MODEL names, or what is at a URI such as s3://BUCKET/FOLDER, which is kept in
MODEL_CACHE_DIR (by default ~/.cache/ml-api/models); ml-api fetch --help lists the kinds of URI. All other settings are environment variables:

${variablesHelp(variables)}

${optionsHelp(options)}
`;

export const serveCommand: Command = { options, argument: 'directory', help, run: serve };

/**
 * Serves until it is told to stop.
 * @throws CommandError for an argument that it does not know, or settings with which it cannot serve
 */
async function serve(
  args: readonly string[],
  { env: surroundings, files, stopped }: Context,
): Promise<void> {
  const { argument, values } = readArguments('serve', args, options, variables);
  if (argument !== undefined && values.model !== undefined)
    throw new UsageError('serve: --model is given, and an argument, too; expected one of them.');
  const showWhatToTry = values.try ?? process.stderr.isTTY;
  const model = argument ?? values.model;
  const env = model === undefined ? surroundings : await withModelOf(model, surroundings, stopped);
  const config = readConfig(env);
  const { log, write: writeLog, close: closeLog } = createLog(config.LOG_LEVEL);
  // What no request can be answered for: the state of the process is unknown, and Kubernetes starts another.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: withoutMessage(error) }, 'the predictor failed');
    void closeLog().then(() => process.exit(EXIT.failed));
  });

  for (const slip of misspelt(env))
    log.warn(
      slip,
      'this environment variable is not a setting and has no effect; did you mean another?',
    );

  try {
    const most = mostThreads(config, readResources());
    const thread = new MainThread(most > 1);
    thread.state.threads = config.SERVING_THREADS || 1;
    const service = await createService(config, files, log, stopped, thread);
    if (showWhatToTry) process.stderr.write(whatToTry(service));
    if (BLOCKED_PORTS.has(service.port))
      log.warn(
        { port: service.port },
        'browsers and fetch send nothing to this port, such as the SDK: choose another for them',
      );
    const threads = config.SERVING_THREADS || (areLight(service.parts.models.served) ? most : 1);
    const { port, grpcPort } = service;
    const ports = { PORT: String(port), ...(grpcPort && { GRPC_PORT: String(grpcPort) }) };
    thread.start({
      threads,
      expected: service.fingerprint,
      env: { ...env, ...ports },
      files,
      log,
      writeLog,
    });
    // For who started this process with a channel of Node's, as the SDK's startServer() does, and may have closed it since.
    process.send?.({ ready: { port, grpcPort } }, undefined, undefined, () => {});
    if (!stopped.aborted) await once(stopped, 'abort');
    log.info({ signal: stopped.reason }, 'signal');
    const stop = Promise.all([service.stop(), thread.stop()]).then(() => thread.end());
    if (!(await endsWithin(stop, config.DRAIN_DELAY_MS + config.SHUTDOWN_TIMEOUT_MS + LATE_MS))) {
      log.error('a serving thread does not end; the process ends without it');
      await closeLog();
      process.exit(EXIT.failed);
    }
  } catch (error) {
    if (!stopped.aborted) throw error;
    log.info({ signal: stopped.reason }, 'stopped before it had started');
  } finally {
    await closeLog();
  }
}

/** Ends the process when it is told to meanwhile: a download may take long, and takes its things along. */
async function withModelOf(
  model: string,
  env: NodeJS.ProcessEnv,
  stopped: AbortSignal,
): Promise<NodeJS.ProcessEnv> {
  const end = () => process.exit(0);
  if (stopped.aborted) end();
  stopped.addEventListener('abort', end);
  try {
    // Loaded where it is needed: it knows archives and stores.
    const { withModel } = await import('./model-argument.ts');
    return await withModel(model, env, (line) => process.stderr.write(`${printable(line)}\n`));
  } finally {
    stopped.removeEventListener('abort', end);
  }
}

/** Ports that browsers and fetch refuse, of those that anyone may listen at: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/** How long a thread may take to end once its requests have, in milliseconds. */
const LATE_MS = 5000;

function whatToTry({ port, grpcPort, parts }: Service): string {
  const { models } = parts;
  const { model } = models.main;
  const url = `http://localhost:${port}`;
  const row = exampleRow(model) ?? zeros(model);
  const body = row ? JSON.stringify({ inputs: row }) : '{"inputs": …}';
  const grpc = grpcPort === undefined ? '' : `  gRPC       localhost:${grpcPort}\n`;
  const others = models.served.length - 1;
  const more = others === 0 ? '' : `, and ${others} more below ${url}/models/NAME`;
  return `
${model.name} ${model.version} is served at ${url}${more}

  Playground ${url}/
  Try it     curl -X POST ${url}/predict -H 'Content-Type: application/json' -d '${body}'
  Docs       ${url}/docs
  Contract   ${url}/openapi.json
  Metrics    ${url}/metrics
${grpc}
Stop with Ctrl-C.
`;
}

/** A row that the model takes, where rows are flat and of one length. */
function zeros(model: Model): number[] | undefined {
  const width = rowWidth(model);
  const [input] = model.signature.inputs;
  const isNumber = input !== undefined && !['string', 'bool'].includes(input.datatype);
  return width !== undefined && width <= LONGEST_ROW && isNumber
    ? Array<number>(width).fill(0)
    : undefined;
}

/** Numbers that a line of a terminal can show. */
const LONGEST_ROW = 100;
