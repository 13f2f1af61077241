// The command `fetch-model`: brings a model, or a directory of several, from a URL into a directory, as an init container does.
// Nothing appears under its final name before its SHA-256 is the expected one.
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { cleanEnv } from 'envalid';
import { shown } from '../net/shown-url.ts';
import { unpack } from '../sources/archive.ts';
import { download, isDiskFull } from '../sources/download.ts';
import { isFilled } from '../sources/mark.ts';
import { replaceModel } from '../sources/replace.ts';
import { readHeaders, sourceOf } from '../sources/source.ts';
import { openWorkplace } from '../sources/workplace.ts';
import { CommandError } from '../util/command-error.ts';
import { reportTo, sha256Hex, text, webUrl, wholeNumber } from './serve/validators.ts';

const variables = {
  MODEL_URL: webUrl({
    desc: 'Where the model is: an .onnx file, or a .tar, .tar.gz or .tgz of a model directory, or of MODELS_DIR.',
  }),
  MODEL_SHA256: sha256Hex({ desc: 'SHA-256 of the file at MODEL_URL, in hex.' }),
  MODEL_DIR: text({ desc: 'Directory to write the model to.' }),
  MODELS_DIR: text({
    default: undefined,
    desc: 'In place of MODEL_DIR, for an archive of several models: directory to write their folders to, as serve reads it.',
  }),
  MODEL_URL_HEADERS_FILE: text({
    default: undefined,
    desc: 'File with headers to send, such as "Authorization: Bearer TOKEN", one a line. They go to the origin of MODEL_URL, and not along to another one.',
  }),
  FETCH_TIMEOUT_MS: wholeNumber(
    1000,
    86_400_000,
    'milliseconds',
  )({
    default: 600_000,
    desc: 'Longest time for the download.',
  }),
  FETCH_STALL_MS: wholeNumber(
    100,
    86_400_000,
    'milliseconds',
  )({
    default: 60_000,
    desc: 'Longest time without a byte; then the download is tried again.',
  }),
  FETCH_MAX_BYTES: wholeNumber(
    1,
    Number.MAX_SAFE_INTEGER,
    'bytes',
  )({
    default: 64 * 2 ** 30,
    desc: 'Largest download, and largest content of an archive.',
  }),
};

export const fetchModelHelp = () => `Usage: fetch-model

Downloads a model and checks its SHA-256. Settings are environment variables:

${Object.entries(variables)
  .map(([name, { desc }]) => `  ${name.padEnd(24)}${desc}`)
  .join('\n')}
`;

/** @throws CommandError with what was expected, what came, and how to go on */
export async function fetchModel(env: NodeJS.ProcessEnv): Promise<void> {
  const settings = readSettings(env);
  const { MODEL_SHA256: expected, FETCH_MAX_BYTES: maxBytes } = settings;
  const { directory, variable, several } = destinationOf(settings);
  const url = new URL(settings.MODEL_URL);
  const form = formOf(url, several);
  const source = sourceOf(url, await readHeaders(settings.MODEL_URL_HEADERS_FILE));
  const limits = {
    timeoutMs: settings.FETCH_TIMEOUT_MS,
    stallMs: settings.FETCH_STALL_MS,
    maxBytes,
  };
  try {
    await mkdir(directory, { recursive: true }).catch(cannotWrite(variable, directory));
    if (await isFilled(directory, expected)) {
      say(`${directory} holds the model with the SHA-256 ${expected} already.`);
      return;
    }
    const workplace = await openWorkplace(directory).catch(cannotWrite(variable, directory));
    try {
      const file = path.join(workplace.folder, 'download');
      await download(source, file, expected, limits, say);
      const folder = path.join(workplace.folder, 'model');
      const model =
        form === 'onnx'
          ? await folderWith(file, folder)
          : await unpack(file, folder, shown(url), maxBytes, several);
      await replaceModel(directory, workplace, model, expected, say);
    } finally {
      await workplace.close();
    }
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new CommandError(
      `${variable}: ${directory} has no room for the model from ${shown(url)}. What it held is unchanged. Give it more space: the download, and what an archive holds, lie there beside the model that they replace.`,
    );
  }
  say(
    `${directory} holds the ${several ? 'models' : 'model'} from ${shown(url)}, SHA-256 ${expected}.`,
  );
}

async function folderWith(file: string, folder: string): Promise<string> {
  await mkdir(folder);
  await rename(file, path.join(folder, 'model.onnx'));
  return folder;
}

/** @throws CommandError with all that is wrong */
function readSettings(env: NodeJS.ProcessEnv) {
  const { MODEL_DIR, ...others } = variables;
  const isNeeded = env['MODELS_DIR'] === undefined;
  const settings = cleanEnv(
    env,
    { ...others, MODEL_DIR: isNeeded ? MODEL_DIR : text({ default: undefined }) },
    { reporter: reportTo('fetch-model --help') },
  );
  if (!isNeeded && settings.MODEL_DIR !== undefined)
    throw new CommandError(
      'MODEL_DIR and MODELS_DIR are both set; expected MODEL_DIR for one model, or MODELS_DIR for several. See fetch-model --help.',
    );
  return settings;
}

interface Destination {
  readonly directory: string;
  /** What it was named by. */
  readonly variable: 'MODEL_DIR' | 'MODELS_DIR';
  /** Whether it gets a folder for each of several models. */
  readonly several: boolean;
}

function destinationOf({
  MODEL_DIR = '',
  MODELS_DIR,
}: ReturnType<typeof readSettings>): Destination {
  return MODELS_DIR === undefined
    ? { directory: MODEL_DIR, variable: 'MODEL_DIR', several: false }
    : { directory: MODELS_DIR, variable: 'MODELS_DIR', several: true };
}

function formOf(url: URL, several: boolean): 'onnx' | 'tar' {
  if (!several && url.pathname.endsWith('.onnx')) return 'onnx';
  if (/\.(tar|tar\.gz|tgz)$/.test(url.pathname)) return 'tar';
  throw new CommandError(
    `MODEL_URL: expected a path that ends in ${several ? '' : '.onnx, '}.tar, .tar.gz or .tgz${several ? ' for MODELS_DIR' : ''}, got ${shown(url)}.`,
  );
}

function cannotWrite(variable: string, directory: string): (error: Error) => never {
  return (error) => {
    if (isDiskFull(error)) throw error;
    throw new CommandError(`${variable}: ${directory} cannot be written: ${error.message}`);
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
