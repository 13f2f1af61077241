#!/usr/bin/env node
// The predictor's program. Its first argument says what to do; without one it serves.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { columns } from './commands/columns.ts';
import { SDK_COMMANDS } from './commands/sdk-commands.ts';
import type { Files } from './commands/serve/files.ts';
import { ALIASES, COMMANDS } from './commands/table.ts';
import { isTooOld, OLDEST_NODE } from './oldest-node.ts';
import { CommandError, UsageError } from './util/command-error.ts';
import { EXIT } from './util/exit-codes.ts';
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

const summaries = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
const usage = `Usage: ml-api [COMMAND] [--help] | --version

Without a command, it serves.

${columns(summaries)}

Of @org/ml-sdk:

${columns(Object.entries(SDK_COMMANDS))}

Exit codes: ${EXIT.done} done, ${EXIT.no} a check failed, ${EXIT.usage} wrong usage or settings, ${EXIT.failed} failed.
`;

async function run(given: readonly string[]): Promise<void> {
  if (isTooOld(process.versions.node))
    throw new CommandError(
      `ml-api needs Node ${OLDEST_NODE} or newer; this is ${process.version}. Install a newer one from https://nodejs.org.`,
    );
  // `help serve` is `serve --help`.
  const [first = 'serve', ...rest] =
    given[0] === 'help' && given.length > 1 ? [...given.slice(1), '--help'] : given;
  if (first === '--version') return printVersion();
  if (Object.hasOwn(SDK_COMMANDS, first)) return runOfSdk(first);
  const isHelp = ['--help', '-h', 'help'].includes(first);
  const [name, args] =
    first.startsWith('-') && !isHelp ? ['serve', [first, ...rest]] : [first, rest];
  const help = isHelp || args.includes('--help') || args.includes('-h');
  // Before the modules are loaded, which takes seconds at a tenth of a CPU.
  const stopped = name === 'serve' ? stopSignal() : endAtSignals();
  process.stderr.on('error', () => {});
  // The server's standard output is its log's.
  if (name !== 'serve' || help) process.stdout.on('error', endUnlessClosed);
  if (isHelp) return void process.stdout.write(usage);
  const known = ALIASES[name] ?? name;
  const entry = Object.hasOwn(COMMANDS, known) ? COMMANDS[known] : undefined;
  if (entry === undefined)
    throw new UsageError(
      `There is no command ${JSON.stringify(name)}. Commands: ${[...Object.keys(COMMANDS), ...Object.keys(SDK_COMMANDS)].join(', ')}. Run ml-api --help to see what they do.`,
    );
  const command = await entry.load();
  if (help) return void process.stdout.write(command.help());
  return command.run(args, { name, env: process.env, files, commands: COMMANDS, stopped });
}

async function printVersion(): Promise<void> {
  const { readContract } = await import('./model/contract/read-contract.ts');
  process.stdout.write(`${(await readContract(files.contract)).info.version}\n`);
}

/** Its program reads the command and its arguments where this one does. */
async function runOfSdk(command: string): Promise<void> {
  let program: string;
  try {
    program = programOfSdk();
  } catch {
    throw new CommandError(
      `${command} is a command of @org/ml-sdk, which is not installed here. Run npx @org/ml-sdk ${command}.`,
    );
  }
  if (!existsSync(fileURLToPath(program)))
    throw new CommandError(
      `${command} is a command of @org/ml-sdk, which is not built here. Run npm run sdk:build.`,
    );
  process.env['ML_SDK_PROGRAM'] = 'ml-api'; // as its messages are to call it
  await import(program);
}

/** The one of the project, which has what the SDK needs to generate, if it is the same; else the one beside this package, as npx brings it. */
function programOfSdk(): string {
  const own = import.meta.resolve('@org/ml-sdk/cli');
  try {
    const project = createRequire(path.resolve('package.json'));
    const versionFor = (require: NodeJS.Require) => require('@org/ml-sdk/package.json').version;
    return versionFor(project) === versionFor(createRequire(import.meta.url))
      ? pathToFileURL(project.resolve('@org/ml-sdk/cli')).href
      : own;
  } catch {
    return own;
  }
}

/** Whoever reads may have gone, as `head` does; a full disk is another matter. */
function endUnlessClosed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`The output could not be written: ${error.message}.\n`);
  process.exit(EXIT.failed);
}

/** What ends a process: a supervisor, Ctrl-C, and a terminal that closes. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** PID 1, as an init container's command is, ignores signals that nothing handles. */
function endAtSignals(): AbortSignal {
  for (const signal of SIGNALS)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  return new AbortController().signal;
}

/** Aborts, with the signal's name as its reason, when the process is told to end. PID 1 ignores what nothing handles. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) process.once(signal, () => controller.abort(signal));
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
  const code = error instanceof CommandError ? error.exitCode : EXIT.failed;
  process.exitCode = code;
  // Whatever was left open: a start that has failed must not look like a server that is starting.
  setTimeout(() => process.exit(code), 5000).unref();
});
