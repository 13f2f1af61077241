#!/usr/bin/env node
// The predictor's program. Its first argument says what to do; without one it serves.
import { constants } from 'node:os';
import type { Files } from './commands/serve/files.ts';
import { isTooOld, OLDEST_NODE } from './oldest-node.ts';
import { CommandError } from './util/command-error.ts';
import { printable } from './util/printable.ts';

// The same places in the source tree (server/src) and in the image (server/dist).
const root = new URL('../../', import.meta.url);
const files: Files = {
  contract: new URL('openapi.yaml', root),
  protos: new URL('proto/', root),
  manifestSchema: new URL('model/model.schema.json', root),
  playground: new URL('server/playground/', root),
  defaultModel: new URL('model/v1', root),
};

/** Commands of the SDK's program. They read the same arguments. */
const SDK_COMMANDS = ['generate', 'compare', 'report'];

const usage = `Usage: ml-api COMMAND [--help]

  init         Make a project of a model, with what it takes to serve it here and on Kubernetes.
  serve        Serve one ONNX model over HTTP (the default).
  fetch        Download a model from an object store, a registry or the web into a directory.
  inspect      Print the inputs and outputs of an ONNX file, and a model.json to start from.
  verify       Replay golden predictions against running servers, as \`helm test\` does.
  gate         Check whether a version may get more requests, as the chart's promotion gate does.

Of @org/ml-sdk:

  generate     Write a TypeScript client with the exact types of a served model.
  compare      Send rows to two versions, and show where they differ.
  report       Report an A/B test from Prometheus.
`;

async function run([first = 'serve', ...rest]: readonly string[]): Promise<void> {
  if (isTooOld(process.versions.node))
    throw new CommandError(
      `ml-api needs Node ${OLDEST_NODE} or newer; this is ${process.version}. Install a newer one from https://nodejs.org.`,
    );
  if (SDK_COMMANDS.includes(first)) return runOfSdk(first);
  const [command, args] =
    first.startsWith('--') && first !== '--help' ? ['serve', [first, ...rest]] : [first, rest];
  const help = args.includes('--help');
  // Before the modules are loaded, which takes seconds at a tenth of a CPU.
  const stopped = command === 'serve' ? stopSignal() : endAtSignals();
  // Whoever reads may have gone, as `head` does. The server's standard output is its log's.
  for (const output of command === 'serve' && !help
    ? [process.stderr]
    : [process.stdout, process.stderr])
    output.on('error', () => {});
  switch (command) {
    case 'serve': {
      const { serve, serveHelp } = await import('./commands/serve/serve.ts');
      if (help) return void process.stdout.write(serveHelp());
      return serve(args, process.env, files, stopped);
    }
    case 'init': {
      const { init, initHelp } = await import('./commands/init/init.ts');
      if (help) return void process.stdout.write(initHelp);
      return init(args, process.env, files);
    }
    case 'fetch':
    case 'fetch-model': {
      const { fetchModel, fetchHelp } = await import('./commands/fetch.ts');
      if (help) return void process.stdout.write(fetchHelp());
      return fetchModel(command, args, process.env);
    }
    case 'inspect': {
      const { inspect, inspectHelp } = await import('./commands/inspect.ts');
      if (help) return void process.stdout.write(inspectHelp);
      return inspect(args);
    }
    case 'verify': {
      const [{ verify }, { verifyHelp }] = await Promise.all([
        import('./commands/verify/verify.ts'),
        import('./commands/verify/arguments.ts'),
      ]);
      if (help) return void process.stdout.write(verifyHelp);
      return verify(args, files);
    }
    case 'gate': {
      const [{ gate }, { gateHelp }] = await Promise.all([
        import('./commands/gate/gate.ts'),
        import('./commands/gate/arguments.ts'),
      ]);
      if (help) return void process.stdout.write(gateHelp);
      return gate(args);
    }
    case '--help':
    case 'help':
      return void process.stdout.write(usage);
    default:
      throw new CommandError(`There is no command ${JSON.stringify(command)}.\n\n${usage}`);
  }
}

/** Its program reads the command and its arguments where this one does. */
async function runOfSdk(command: string): Promise<void> {
  let program: string;
  try {
    program = import.meta.resolve('@org/ml-sdk/cli');
  } catch {
    throw new CommandError(
      `${command} is a command of @org/ml-sdk, which is not installed here. Run npx @org/ml-sdk ${command}.`,
    );
  }
  await import(program);
}

/** PID 1, as an init container's command is, ignores signals that nothing handles. */
function endAtSignals(): AbortSignal {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  return new AbortController().signal;
}

/** Aborts, with the signal's name as its reason, when the process is told to end. PID 1 ignores what nothing handles. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => controller.abort(signal));
  return controller.signal;
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const expected =
    error instanceof Error && (error.name === 'CommandError' || error.name === 'ModelLoadError');
  const text = String(
    expected ? error.message : error instanceof Error ? (error.stack ?? error) : error,
  );
  // Messages name files and addresses, and whoever chose those may have meant harm.
  process.stderr.write(`${text.split('\n').map(printable).join('\n')}\n`);
  process.exitCode = 1;
  // Whatever was left open: a start that has failed must not look like a server that is starting.
  setTimeout(() => process.exit(1), 5000).unref();
});
