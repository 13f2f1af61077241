// The command `init`: creates a project for a model, with everything needed to serve it here and on Kubernetes.
import { existsSync, lstatSync, realpathSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readContract } from '../../model/contract/read-contract.ts';
import { fetchInto } from '../../sources/fetch.ts';
import { isLocal, normalised } from '../../sources/open.ts';
import { isHidden } from '../../sources/paths.ts';
import { LOCK_FILE } from '../../sources/record.ts';
import { shownUri } from '../../sources/shown-uri.ts';
import { CommandError, UsageError } from '../../util/command-error.ts';
import { printable } from '../../util/printable.ts';
import type { Command } from '../command.ts';
import { checkForm } from '../fetch/address.ts';
import { listeners } from '../fetch/listeners.ts';
import { readLimits, readSum } from '../fetch/variables.ts';
import { leftBeside } from '../left-beside.ts';
import { type Options, optionsHelp, readArguments } from '../options.ts';
import type { Files } from '../serve/files.ts';
import { shellQuoted } from '../shell-quoted.ts';
import { describe } from './describe.ts';
import { namesFrom } from './names.ts';
import { checkFree, put } from './put.ts';
import { type Delivery, textsOf } from './texts.ts';

const options = {
  model: {
    type: 'string',
    value: 'MODEL',
    desc: 'A file such as model.onnx, a directory, or a URI such as s3://BUCKET/FOLDER, from which pods then fetch it;\nml-api fetch --help lists the kinds of URI. Default: the iris model.',
  },
} as const satisfies Options;

const help = `Usage: ml-api init [FOLDER] [--model MODEL]

Creates a project for a model: model/ with model.onnx, model.json and golden.json, a values.yaml that serves it with the Helm chart, and a
README.md with the next commands. No existing file is overwritten.

${optionsHelp(options, ['FOLDER', 'The folder of the project. It names the release, and the model if nothing else does. Default: the working directory.'])}
`;

export const initCommand: Command = {
  options,
  argument: 'directory',
  help: () => help,
  run: (args, { env, files }) => init(args, env, files),
};

/** @throws CommandError with what was expected; then nothing was changed */
async function init(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  files: Pick<Files, 'contract' | 'manifestSchema' | 'defaultModel'>,
): Promise<void> {
  const { argument = '.', values } = readArguments('init', args, options);
  if (argument === '')
    throw new UsageError('init: FOLDER is empty; expected a folder such as my-model.');
  const folder = path.resolve(argument);
  const names = namesFrom(folder);
  const model = values.model === undefined ? undefined : normalised(values.model);
  const isImage = model === undefined || !mayBeInValues(model);
  checkFree(folder, ['model', 'values.yaml', 'README.md', ...(isImage ? ['Dockerfile'] : [])]);
  const work = await workplaceFor(folder);
  const remove = () => rmSync(work, { recursive: true, force: true });
  process.once('exit', remove); // as a signal makes it
  try {
    const project = path.join(work, 'project');
    const into = path.join(project, 'model');
    await bring(model, into, work, env, files.defaultModel);
    const delivery = await deliveryOf(model, isImage, into);
    const contract = await readContract(files.contract);
    const { inputs, written, missing } = await describe(into, names, files, contract);
    const texts = textsOf({ names, version: contract.info.version, delivery, inputs, written });
    for (const [name, text] of Object.entries(texts))
      await writeFile(path.join(project, name), text);
    put(project, folder);
    process.stdout.write(told(argument, folder, ['model', ...Object.keys(texts)], missing));
  } finally {
    remove();
    process.off('exit', remove);
  }
}

/** Not a path, a secret, or what the chart's schema has no room for. */
function mayBeInValues(uri: string): boolean {
  return !isLocal(uri) && shownUri(uri) === uri && !/[\s"\\]/.test(uri);
}

/** Beside the project, so that a rename puts the model into its place, however large it is. */
async function workplaceFor(folder: string): Promise<string> {
  let near = folder;
  while (!existsSync(near)) near = path.dirname(near);
  return await mkdtemp(path.join(near, '.ml-api-init-')).catch((error: Error) => {
    throw new CommandError(
      `init: ${folder} cannot be made: ${error.message}. Choose a folder in which you may write.`,
    );
  });
}

async function bring(
  model: string | undefined,
  into: string,
  work: string,
  env: NodeJS.ProcessEnv,
  defaultModel: URL,
): Promise<void> {
  if (model !== undefined) checkForm(model, 'model', '--model');
  const left = model === undefined ? undefined : leftBeside(model);
  if (left !== undefined) process.stdout.write(`${left} with --model.\n`);
  const fetched = path.join(work, 'fetched');
  await fetchInto({
    uri: model ?? fileURLToPath(defaultModel),
    sha256: model === undefined ? undefined : readSum(env, 'fetch'),
    directory: fetched,
    variable: '--model',
    form: 'model',
    limits: readLimits(env, 'fetch'),
    env,
    ...listeners((line) => {
      // Of the places, which are temporary, nobody needs to hear.
      if (!line.includes(work)) process.stdout.write(`${printable(line)}\n`);
    }),
  });
  await mkdir(path.dirname(into), { recursive: true });
  await cp(fetched, into, {
    recursive: true,
    filter: (file) => !isHidden(path.relative(fetched, file)),
  });
  await rm(fetched, { recursive: true });
  // A path of this machine says nothing to others.
  if (model === undefined || isLocal(model)) await rm(path.join(into, LOCK_FILE));
}

async function deliveryOf(
  model: string | undefined,
  isImage: boolean,
  directory: string,
): Promise<Delivery> {
  if (model === undefined || isImage) return { kind: 'image' };
  const { archive, files } = JSON.parse(await readFile(path.join(directory, LOCK_FILE), 'utf8'));
  const [file] = files;
  // Other addresses name a revision, or a store in which only people know what may move.
  const sha256 = /^https?:/.test(model) ? (archive ?? file).sha256 : undefined;
  return { kind: 'uri', uri: model, sha256 };
}

function told(
  argument: string,
  folder: string,
  made: readonly string[],
  missing: string | undefined,
): string {
  const without =
    missing === undefined
      ? ''
      : `\nmodel/golden.json could not be made: ${printable(missing).replace(/\.$/, '')}. Add one with rows of your training, so that servers can be verified.\n`;
  return `Created in ${folder}${linkOf(folder)}: ${made.join(', ')}.
${without}
Next:

  ${asInvoked(process.argv)} serve ${asArgument(path.join(argument, 'model'))}

${path.join(argument, 'README.md')} has the other commands.
`;
}

/** A path as a shell and this program read it: one that begins with a dash would be an option. */
function asArgument(file: string): string {
  return shellQuoted(file.startsWith('-') ? `./${file}` : file);
}

/** This program as it was started, to be started again from where it was. */
function asInvoked([, program = '']: readonly string[]): string {
  if (path.basename(program) !== 'ml-api') return `node ${shellQuoted(program)}`;
  // By its package's name: npx would ask the registry for a package called ml-api, which is somebody else's.
  return program.includes('/node_modules/.bin/') ? 'npx @org/ml-api' : 'ml-api';
}

/** Where the files are, which their folder's name does not say. */
function linkOf(folder: string): string {
  return lstatSync(folder).isSymbolicLink() ? `, a link to ${printable(realpathSync(folder))}` : '';
}
