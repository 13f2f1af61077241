// What the command line of `fetch`, and the environment, say.
import path from 'node:path';
import { cleanEnv } from 'envalid';
import type { Cache } from '../../sources/cache.ts';
import type { Wanted } from '../../sources/fetch.ts';
import { isLocal, normalised } from '../../sources/open.ts';
import { localPath } from '../../sources/stores/local.ts';
import { UsageError } from '../../util/command-error.ts';
import { printable } from '../../util/printable.ts';
import { type Options, readArguments } from '../options.ts';
import { reportTo, sha256Hex, text, webUrl } from '../serve/validators.ts';
import { checkApart, checkFollowed, checkForm } from './address.ts';
import { listeners } from './listeners.ts';
import { desc, readLimits, variables } from './variables.ts';

export const options = {
  dir: {
    type: 'string',
    value: 'DIR',
    desc: 'Directory to write the model to; for this model only.',
  },
  sha256: {
    type: 'string',
    value: 'SUM',
    desc: 'SHA-256 that the file or archive must have, in hex.',
  },
  all: {
    type: 'boolean',
    desc: 'Download every file unchanged, for other servers, instead of only the ONNX model.',
  },
  follow: {
    type: 'string',
    value: 'SECONDS',
    desc: 'Check again every so many seconds, and fetch what the URI names by then, until the process ends.',
  },
} as const satisfies Options;

/** @throws UsageError with all that is wrong */
export function readWanted(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { wanted: Wanted; followSeconds: number; cache: Cache | undefined } {
  const {
    argument: uri,
    values: { dir, sha256, all: everything, follow: seconds },
  } = readArguments(command, args, options, variables);
  if (dir?.trim() === '')
    throw new UsageError(`--dir: expected a directory, got none. See ml-api ${command} --help.`);
  // By the option's name, which is what was typed.
  cleanEnv(
    { '--sha256': sha256, '--follow': seconds },
    {
      ...(sha256 !== undefined && { '--sha256': variables.MODEL_SHA256 }),
      ...(seconds !== undefined && { '--follow': variables.FETCH_FOLLOW_SECONDS }),
    },
    { reporter: reportTo(command) },
  );
  const given: NodeJS.ProcessEnv = {
    ...env,
    ...(uri !== undefined && { MODEL_URI: uri }),
    ...(dir !== undefined && { MODEL_DIR: dir }),
    ...(sha256 !== undefined && { MODEL_SHA256: sha256 }),
    ...(everything === true && { MODEL_FILES: 'all' }),
    ...(seconds !== undefined && { FETCH_FOLLOW_SECONDS: seconds }),
  };
  if (given['MODEL_URI'] !== undefined && given['MODEL_URL'] !== undefined)
    throw new UsageError(
      `MODEL_URL is set, and there is a URI, too; expected one of them. See ml-api ${command} --help.`,
    );
  const settings = readSettings(command, given);
  const { MODEL_DIR = '', MODELS_DIR } = settings;
  const several = MODELS_DIR !== undefined;
  if (several && settings.MODEL_FILES === 'all')
    throw new UsageError(
      `MODELS_DIR and MODEL_FILES=all are both set; expected MODELS_DIR for several ONNX models, or MODEL_DIR with all files for another server. See ml-api ${command} --help.`,
    );
  const all = settings.MODEL_FILES === 'all' ? 'files' : 'model';
  const form = several ? 'models' : all;
  const address = normalised(settings.MODEL_URI ?? settings.MODEL_URL ?? '');
  const setting = settings.MODEL_URI === undefined ? 'MODEL_URL' : 'MODEL_URI';
  checkForm(address, form, uri === undefined ? setting : 'URI');
  if (settings.FETCH_FOLLOW_SECONDS > 0) checkFollowed(address, settings.MODEL_SHA256);
  const directory = MODELS_DIR ?? MODEL_DIR;
  const ofOne = dir === undefined ? 'MODEL_DIR' : '--dir';
  const variable = several ? 'MODELS_DIR' : ofOne;
  if (isLocal(address)) checkApart(localPath(address), directory, variable);
  const wanted: Wanted = {
    uri: address,
    sha256: settings.MODEL_SHA256,
    directory,
    variable,
    form,
    keepsEarlier: settings.FETCH_IF_UNAVAILABLE === 'keep',
    limits: readLimits(given, command),
    env: given,
    ...listeners((line) => process.stdout.write(`${printable(line)}\n`)),
  };
  const { FETCH_CACHE_DIR: shared, FETCH_CACHE_MAX_BYTES: maxBytes } = settings;
  return {
    wanted,
    followSeconds: settings.FETCH_FOLLOW_SECONDS,
    cache: shared === undefined ? undefined : { directory: path.resolve(shared), maxBytes },
  };
}

/** What is to be given, on the command line or as a variable. */
const missing = {
  MODEL_URL: 'URI (or MODEL_URI)',
  MODEL_SHA256: '--sha256 (or MODEL_SHA256)',
  MODEL_DIR: '--dir (or MODEL_DIR)',
};

function readSettings(command: string, given: NodeJS.ProcessEnv) {
  const settings = cleanEnv(
    given,
    {
      ...variables,
      ...(given['MODEL_URI'] === undefined && { MODEL_URL: webUrl({ desc: desc.url }) }),
      ...(given['MODEL_URL'] !== undefined && { MODEL_SHA256: sha256Hex({ desc: desc.sha256 }) }),
      // Named, never the working directory: what came with the model before is removed from it.
      ...(given['MODELS_DIR'] === undefined && { MODEL_DIR: text({ desc: desc.directory }) }),
    },
    { reporter: reportTo(command, { labels: missing }) },
  );
  if (settings.MODELS_DIR !== undefined && settings.MODEL_DIR !== undefined)
    throw new UsageError(
      `MODEL_DIR and MODELS_DIR are both set; expected MODEL_DIR for one model, or MODELS_DIR for several. See ml-api ${command} --help.`,
    );
  return settings;
}
