// The command `fetch`: brings a model, or a directory of several, from where it is into a directory, as an init container does.
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { cleanEnv } from 'envalid';
import { shown } from '../net/shown-url.ts';
import type { Limits } from '../sources/attempts.ts';
import { type Cache, fetchThrough } from '../sources/cache.ts';
import { fetchInto, isArchive, type Wanted } from '../sources/fetch.ts';
import { follow } from '../sources/follow.ts';
import { forms, isLocal, normalised } from '../sources/open.ts';
import { createProgress } from '../sources/progress.ts';
import type { Form } from '../sources/remote.ts';
import { isBlobAddress } from '../sources/stores/az/location.ts';
import { localPath } from '../sources/stores/local.ts';
import { UsageError } from '../util/command-error.ts';
import { printable } from '../util/printable.ts';
import { quote } from '../util/quote.ts';
import type { Command } from './command.ts';
import { type Options, optionsHelp, readArguments, variablesHelp } from './options.ts';
import { oneOf, reportTo, sha256Hex, text, webUrl, wholeNumber } from './serve/validators.ts';

const limitVariables = {
  FETCH_TIMEOUT_MS: wholeNumber(
    1000,
    86_400_000,
    'milliseconds',
  )({
    default: 600_000,
    desc: 'Maximum time for the download.',
  }),
  FETCH_STALL_MS: wholeNumber(
    100,
    86_400_000,
    'milliseconds',
  )({
    default: 60_000,
    desc: 'Maximum time without data; then another attempt resumes the download.',
  }),
  FETCH_MAX_BYTES: wholeNumber(
    1,
    Number.MAX_SAFE_INTEGER,
    'bytes',
  )({
    default: 64 * 2 ** 30,
    desc: 'Maximum size of the download, and of the content of an archive.',
  }),
};

const desc = {
  url: 'Instead of MODEL_URI, with MODEL_SHA256: an .onnx file, or a .tar, .tar.gz or .tgz of a model directory, or of MODELS_DIR.',
  sha256: 'The same as --sha256; required for MODEL_URL.',
  directory: 'The same as --dir.',
};

const variables = {
  MODEL_URI: text({
    default: undefined,
    desc: 'The same as URI: of a folder, an .onnx file, or an archive.',
  }),
  MODEL_URL: webUrl({
    default: undefined,
    desc: desc.url,
  }),
  MODEL_SHA256: sha256Hex({
    default: undefined,
    desc: desc.sha256,
  }),
  MODEL_DIR: text({ default: undefined, desc: desc.directory }),
  MODELS_DIR: text({
    default: undefined,
    desc: 'Instead of MODEL_DIR, for several models: directory to write their folders to, as serve reads it.',
  }),
  MODEL_FILES: oneOf(
    'onnx',
    'all',
  )({
    default: 'onnx',
    desc: 'all: the same as --all.',
  }),
  FETCH_CACHE_DIR: text({
    default: undefined,
    desc: 'Directory that fetchers share as a cache: one downloads a model, the others copy it.',
  }),
  FETCH_CACHE_MAX_BYTES: wholeNumber(
    1,
    Number.MAX_SAFE_INTEGER,
    'bytes',
  )({
    default: 50 * 2 ** 30,
    desc: 'Maximum size of that cache; beyond it, the models unused for longest are removed.',
  }),
  FETCH_FOLLOW_SECONDS: wholeNumber(
    0,
    86_400,
    'seconds',
  )({
    default: 0,
    desc: 'The same as --follow; 0: fetch once.',
  }),
  MODEL_URL_HEADERS_FILE: text({
    default: undefined,
    desc: 'File with headers to send to an http or https address, such as "Authorization: Bearer TOKEN", one per line. They are sent only to the origin of the address.',
  }),
  ...limitVariables,
};

const options = {
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

const help = () => `Usage: ml-api fetch URI --dir DIR [--sha256 SUM] [--all] [--follow SECONDS]

Downloads a model into a directory, with model.lock.json, which says where it came from. Files that are already there are not downloaded again.

${optionsHelp(options, ['URI', forms().join('\n')])}

The credentials of a store are those of its own tools. Environment variables say the same, and more:

${variablesHelp(variables)}
`;

export const fetchCommand: Command = {
  options,
  argument: 'file',
  help,
  run: (args, { name, env }) => fetchModel(name, args, env),
};

/**
 * @param command the name that it was called by: `fetch`, or `fetch-model` of init containers, which needs a directory that is named
 * @throws UsageError with what was expected, what came, and how to go on
 */
async function fetchModel(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  // What a connection brings is collected with the youngest objects, and V8 lets those grow first: 30 MB that a large file would take, and that
  // make nothing faster.
  setFlagsFromString('--semi-space-growth-factor=1');
  const { wanted, followSeconds, cache } = readWanted(command, args, env);
  const fetch = cache === undefined ? fetchInto : (one: Wanted) => fetchThrough(cache, one);
  if (followSeconds === 0) return fetch(wanted);
  await follow(wanted, followSeconds * 1000, fetch);
}

/** @throws UsageError for a limit that is none */
export function readLimits(env: NodeJS.ProcessEnv, command: string): Limits {
  const limits = cleanEnv(env, limitVariables, { reporter: reportTo(command) });
  return {
    timeoutMs: limits.FETCH_TIMEOUT_MS,
    stallMs: limits.FETCH_STALL_MS,
    maxBytes: limits.FETCH_MAX_BYTES,
  };
}

/** @throws UsageError for a sum that is none */
export function readSum(env: NodeJS.ProcessEnv, command: string): string | undefined {
  const { MODEL_SHA256 } = variables;
  return cleanEnv(env, { MODEL_SHA256 }, { reporter: reportTo(command) }).MODEL_SHA256;
}

/** What hears of a fetch. */
export function listeners(say: (line: string) => void): Pick<Wanted, 'say' | 'progress'> {
  return {
    say,
    progress: (total) =>
      createProgress(total, process.stderr.isTTY ? process.stderr : undefined, say),
  };
}

/** @throws UsageError with all that is wrong */
function readWanted(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { wanted: Wanted; followSeconds: number; cache: Cache | undefined } {
  const {
    argument: uri,
    values: { dir, sha256, all: everything, follow: seconds },
  } = readArguments(command, args, options, variables);
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
    limits: readLimits(given, command),
    env: given,
    ...listeners(say),
  };
  const { FETCH_CACHE_DIR: shared, FETCH_CACHE_MAX_BYTES: maxBytes } = settings;
  return {
    wanted,
    followSeconds: settings.FETCH_FOLLOW_SECONDS,
    cache: shared === undefined ? undefined : { directory: path.resolve(shared), maxBytes },
  };
}

/** @throws UsageError where what is brought would become a part of where it comes from */
function checkApart(source: string, directory: string, variable: string): void {
  const target = path.resolve(directory);
  if (target !== source && !target.startsWith(`${source}/`)) return;
  throw new UsageError(
    `${variable}: ${quote(directory)} is, or is inside, the folder that the model is fetched from; expected a directory elsewhere.`,
  );
}

/** @throws UsageError where nothing can change, or nobody says when */
function checkFollowed(uri: string, sha256: string | undefined): void {
  if (sha256 !== undefined)
    throw new UsageError(
      'FETCH_FOLLOW_SECONDS and MODEL_SHA256 are both set; expected one of them: a checksum pins one model.',
    );
  if (isOnWeb(uri))
    throw new UsageError(
      `FETCH_FOLLOW_SECONDS is set for ${shown(new URL(uri))}; expected a store or a registry: an address on the web does not say when it has something else.`,
    );
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

/** An address on the web says by its end what is there. @throws UsageError where it does not */
export function checkForm(uri: string, form: Form, variable: string): void {
  const several = form === 'models';
  if (!isOnWeb(uri)) return;
  if (!URL.canParse(uri))
    throw new UsageError(
      `${variable}: expected an address such as https://host/model.onnx, got one that cannot be read (${uri.length} characters).`,
    );
  const { pathname } = new URL(uri);
  if (form === 'files') {
    if (!pathname.endsWith('/')) return;
    throw new UsageError(
      `${variable}: expected a path that ends in a file's name, got ${shown(new URL(uri))}.`,
    );
  }
  if (isArchive(pathname) || (!several && pathname.endsWith('.onnx'))) return;
  throw new UsageError(
    `${variable}: expected a path that ends in ${several ? '' : '.onnx, '}.tar, .tar.gz or .tgz${several ? ' for MODELS_DIR' : ''}, got ${shown(new URL(uri))}.`,
  );
}

/** Whether an address is of no store: of a file, which nothing but its sum pins. */
function isOnWeb(uri: string): boolean {
  return /^https?:/.test(uri) && !isBlobAddress(uri);
}

function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}
