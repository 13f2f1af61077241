// The environment variables of `fetch`, and those that other commands read to fetch by.
import { cleanEnv } from 'envalid';
import type { Limits } from '../../sources/attempts.ts';
import { oneOf, reportTo, sha256Hex, text, webUrl, wholeNumber } from '../serve/validators.ts';

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

export const desc = {
  url: 'Instead of MODEL_URI, with MODEL_SHA256: an .onnx file, or a .tar, .tar.gz or .tgz of a model directory, or of MODELS_DIR.',
  sha256: 'The same as --sha256; required for MODEL_URL.',
  directory: 'The same as --dir.',
};

const ifUnavailable = (fallback: 'keep' | 'fail') =>
  oneOf(
    'keep',
    'fail',
  )({
    default: fallback,
    desc: 'What to do when the store is down or out of reach: keep goes on with what an earlier fetch of the same URI has left. serve keeps by default.',
  });

export const variables = {
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
  FETCH_IF_UNAVAILABLE: ifUnavailable('fail'),
  MODEL_URL_HEADERS_FILE: text({
    default: undefined,
    desc: 'File with headers to send to an http or https address, such as "Authorization: Bearer TOKEN", one per line. They are sent only to the origin of the address.',
  }),
  ...limitVariables,
};

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

/** @returns whether `serve` goes on with what it has while the store is down. @throws UsageError */
export function readKeepsEarlier(env: NodeJS.ProcessEnv, command: string): boolean {
  const FETCH_IF_UNAVAILABLE = ifUnavailable('keep');
  const read = cleanEnv(env, { FETCH_IF_UNAVAILABLE }, { reporter: reportTo(command) });
  return read.FETCH_IF_UNAVAILABLE === 'keep';
}
