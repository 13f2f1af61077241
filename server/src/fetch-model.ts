// The command `fetch-model`: brings a model from a URL into a directory, as an init container does. Nothing appears
// under its final name before its SHA-256 is the expected one.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cleanEnv } from 'envalid';
import { extract } from 'tar';
import { CommandError } from './command-error.ts';
import { reportTo, sha256Hex, text, webUrl, wholeNumber } from './config/validators.ts';

const variables = {
  MODEL_URL: webUrl({
    desc: 'Where the model is: an .onnx file, or a .tar, .tar.gz or .tgz of a model directory.',
  }),
  MODEL_SHA256: sha256Hex({ desc: 'SHA-256 of the file at MODEL_URL, in hex.' }),
  MODEL_DIR: text({ desc: 'Directory to write the model to.' }),
  MODEL_URL_HEADERS_FILE: text({
    default: undefined,
    desc: 'File with headers to send, such as "Authorization: Bearer TOKEN", one a line.',
  }),
  FETCH_TIMEOUT_MS: wholeNumber(
    1000,
    86_400_000,
    'milliseconds',
  )({
    default: 600_000,
    desc: 'Longest time for the download.',
  }),
};

export const fetchModelHelp = () => `Usage: fetch-model

Downloads a model and checks its SHA-256. Settings are environment variables:

${Object.entries(variables)
  .map(([name, { desc }]) => `  ${name.padEnd(24)}${desc}`)
  .join('\n')}
`;

const ATTEMPTS = 4;
/** Says which file the directory was filled from. */
const MARK = '.model-sha256';

/** @throws CommandError with what was expected, what came, and how to go on */
export async function fetchModel(env: NodeJS.ProcessEnv): Promise<void> {
  const settings = cleanEnv(env, variables, { reporter: reportTo('fetch-model --help') });
  const { MODEL_DIR: directory, MODEL_SHA256: expected } = settings;
  const url = new URL(settings.MODEL_URL);
  const form = formOf(url);
  const headers = await readHeaders(settings.MODEL_URL_HEADERS_FILE);
  await mkdir(directory, { recursive: true }).catch(cannotWrite(directory));

  if ((await readFile(path.join(directory, MARK), 'utf8').catch(() => '')) === expected) {
    say(`${directory} holds the model with the SHA-256 ${expected} already.`);
    return;
  }
  const work = path.join(directory, '.fetching');
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work).catch(cannotWrite(directory));
    const file = path.join(work, 'download');
    await download(url, headers, file, expected, settings.FETCH_TIMEOUT_MS);
    const model = path.join(work, 'model');
    await mkdir(model);
    if (form === 'onnx') await rename(file, path.join(model, 'model.onnx'));
    else await unpack(file, model, url);
    await rm(path.join(directory, MARK), { force: true });
    await cp(model, directory, { recursive: true });
    await writeFile(path.join(directory, MARK), expected);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  say(`${directory} holds the model from ${shown(url)}, SHA-256 ${expected}.`);
}

async function download(
  url: URL,
  headers: Headers,
  file: string,
  expected: string,
  timeoutMs: number,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  for (let attempt = 1; ; attempt++) {
    try {
      const actual = await downloadOnce(url, headers, file, signal);
      if (actual === expected) return;
      throw new CommandError(
        `The file at ${shown(url)} has the SHA-256 ${actual}; MODEL_SHA256 expects ${expected}. Nothing was changed. Check the URL, or set the new sum.`,
      );
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const why =
        error instanceof Error
          ? error.cause instanceof Error
            ? error.cause.message
            : error.message
          : error;
      if (signal.aborted)
        throw new CommandError(
          `${shown(url)} was not downloaded within ${timeoutMs} ms. Raise FETCH_TIMEOUT_MS if it is large.`,
        );
      if (attempt === ATTEMPTS)
        throw new CommandError(
          `${shown(url)} could not be downloaded in ${ATTEMPTS} attempts: ${why}.`,
        );
      say(`Attempt ${attempt} failed: ${why}. Trying again.`);
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt * Math.random()));
    }
  }
}

async function downloadOnce(
  url: URL,
  headers: Headers,
  file: string,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(url, { headers, signal });
  if (!response.ok || response.body === null) {
    const status = `${response.status} ${response.statusText}`.trim();
    if (response.status < 500 && response.status !== 429)
      throw new CommandError(
        `${shown(url)} answered ${status}. ${response.status === 401 || response.status === 403 ? 'Check MODEL_URL_HEADERS_FILE.' : 'Check MODEL_URL.'}`,
      );
    throw new Error(`it answered ${status}`);
  }
  const hash = createHash('sha256');
  await pipeline(
    Readable.fromWeb(response.body),
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file),
  );
  return hash.digest('hex');
}

/** Unpacks the model directory in an archive, whether at its top or in a folder. */
async function unpack(file: string, target: string, url: URL): Promise<void> {
  const unpacked = `${file}.unpacked`;
  await mkdir(unpacked);
  // Links and devices are left out: a model directory has none, and they could lead elsewhere.
  const plain = (_path: string, entry: object) =>
    'type' in entry && (entry.type === 'File' || entry.type === 'Directory');
  await extract({ file, cwd: unpacked, filter: plain, strict: true }).catch((error: Error) => {
    throw new CommandError(`The file at ${shown(url)} is not a tar archive: ${error.message}.`);
  });
  const found = await readdir(unpacked, { recursive: true });
  const [model, second] = found.filter((name) => path.basename(name) === 'model.onnx');
  if (model === undefined || second !== undefined)
    throw new CommandError(
      `The archive at ${shown(url)} holds ${model === undefined ? 'no model.onnx' : 'more than one model.onnx'}; expected exactly one, with model.json and golden.json beside it if there are any.`,
    );
  await cp(path.join(unpacked, path.dirname(model)), target, { recursive: true });
}

function formOf(url: URL): 'onnx' | 'tar' {
  if (url.pathname.endsWith('.onnx')) return 'onnx';
  if (/\.(tar|tar\.gz|tgz)$/.test(url.pathname)) return 'tar';
  throw new CommandError(
    `MODEL_URL: expected a path that ends in .onnx, .tar, .tar.gz or .tgz, got ${shown(url)}.`,
  );
}

async function readHeaders(file: string | undefined): Promise<Headers> {
  const headers = new Headers();
  if (file === undefined) return headers;
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`MODEL_URL_HEADERS_FILE: ${file} cannot be read: ${error.message}`);
  });
  for (const [i, line] of content.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, name, value] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    // The line itself is a secret and is not shown.
    if (name === undefined || value === undefined)
      throw new CommandError(
        `MODEL_URL_HEADERS_FILE: line ${i + 1} of ${file}: expected "Name: value".`,
      );
    headers.append(name, value);
  }
  return headers;
}

/** A URL as it may be logged: signed URLs have their secrets in the query. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

function cannotWrite(directory: string): (error: Error) => never {
  return (error) => {
    throw new CommandError(`MODEL_DIR: ${directory} cannot be written: ${error.message}`);
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
