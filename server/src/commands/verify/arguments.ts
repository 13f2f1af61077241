// What `verify` is told to do: its options, read and checked.
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Golden, parseGolden } from '../../model/golden.ts';
import { withoutTrailingSlashes } from '../../net/base-url.ts';
import type { Target } from '../../net/patient-request.ts';
import { type ModelPlace, readModelsDir } from '../../serving/load/models-dir.ts';
import { CommandError, type UsageError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import { whyUnreadable } from '../../util/why-unreadable.ts';
import { parsed, wrongUsage } from '../options.ts';
import { withoutSecrets } from '../serve/validators.ts';
import { verifyOptions } from './options.ts';

export interface VerifyArguments {
  readonly targets: readonly Target[];
  readonly grpc: readonly Target[];
  readonly grpcMetadata: Readonly<Record<string, string>>;
  /** Servers of LLMs. */
  readonly completions: readonly Target[];
  readonly probes: readonly Target[];
  readonly metrics: Target | undefined;
  /** Of one model; undefined where `modelsDir` has those of several. */
  readonly golden: Golden | undefined;
  /** Where it is from. */
  readonly goldenFile: string | undefined;
  /** Whether the example of a contract is sent where there is no golden.json. */
  readonly exampleWithoutGolden: boolean;
  /** The folder of the models, where servers have several. */
  readonly modelsDir: string | undefined;
  /** The models that it has; empty without it. */
  readonly places: readonly ModelPlace[];
  /** The models to check; empty: the default model, or all of `modelsDir`. */
  readonly models: readonly string[];
  /** The version that every answer must come from. */
  readonly version: string | undefined;
}

/** @throws CommandError naming the option that is wrong */
export async function readVerifyArguments(args: readonly string[]): Promise<VerifyArguments> {
  const values = parse(args);
  const names = values.target ?? [];
  const grpcNames = values.grpc ?? [];
  const golden = [...names, ...grpcNames];
  if (golden.length === 0 && !values.completion?.length && !values.probe?.length)
    throw usageError(
      '--target, --completion or --probe is missing; expected at least one, such as --target service=http://localhost:5000 with --golden FILE',
    );
  checkModelOptions(values, golden.length > 0);
  const timeoutMs = Number(values['timeout-ms']);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1)
    throw usageError(`--timeout-ms: expected a whole number, got ${quote(values['timeout-ms'])}`);
  const hosts = pairsOf('--host', values.host);
  const key = await readOptional('--api-key-file', values['api-key-file']);
  const ca = await readOptional('--ca-file', values['ca-file']);
  const common = {
    timeoutMs,
    readyBy: performance.now() + timeoutMs,
    apiKey: key?.split('\n')[0]?.trim(),
    ca,
  };
  const toTarget =
    (option: string) =>
    (pair: string): Target => {
      const [name, url] = splitPair(option, pair);
      return {
        ...common,
        name,
        url: webUrl(option, url),
        host: hosts.get(name),
        onWait: toldOnce(name, timeoutMs),
      };
    };
  const targets = names.map(toTarget('--target'));
  const grpc = grpcNames.map(toTarget('--grpc'));
  const completions = (values.completion ?? []).map(toTarget('--completion'));
  const probes = (values.probe ?? []).map(toTarget('--probe'));
  for (const name of hosts.keys())
    if (![...targets, ...grpc, ...completions, ...probes].some((target) => target.name === name))
      throw usageError(`--host: there is no target ${quote(name)}`);
  const modelsDir =
    values['models-dir'] === undefined ? undefined : await existingFolder(values['models-dir']);
  return {
    targets,
    grpc,
    grpcMetadata: Object.fromEntries(pairsOf('--grpc-metadata', values['grpc-metadata'])),
    completions,
    probes,
    metrics:
      values.metrics === undefined ? undefined : toTarget('--metrics')(`metrics=${values.metrics}`),
    golden:
      values.golden === undefined
        ? undefined
        : await readGoldenFile(values.golden, values['example-without-golden']),
    goldenFile: values.golden,
    exampleWithoutGolden: values['example-without-golden'],
    modelsDir,
    places: modelsDir === undefined ? [] : (await readModelsDir(modelsDir, AS_OPTION)).places,
    models: values.model ?? [],
    version: values['expect-version'],
  };
}

const AS_OPTION = { name: '--models-dir', ofOne: 'Name its golden.json with --golden instead.' };

/** Says that a target is waited for, so that a silent command does not look stuck. */
function toldOnce(name: string, timeoutMs: number): (why: string) => void {
  let isTold = false;
  return (why) => {
    if (!isTold)
      process.stderr.write(`${name}: waiting up to ${timeoutMs} ms for it to be ready: ${why}\n`);
    isTold = true;
  };
}

type Values = ReturnType<typeof parse>;

/** @throws UsageError where it is not clear which golden predictions are meant, or of which model */
function checkModelOptions(values: Values, areNeeded: boolean): void {
  const { golden, model = [], 'models-dir': modelsDir } = values;
  if (golden !== undefined && modelsDir !== undefined)
    throw usageError('--golden and --models-dir are both given; expected one of them');
  if (areNeeded && golden === undefined && modelsDir === undefined)
    throw usageError(
      '--golden FILE is missing: the predictions to expect, such as model/v1/golden.json',
    );
  if (model.length > 0 && golden === undefined && modelsDir === undefined)
    throw usageError('--model: expected --golden or --models-dir beside it');
  if (model.length > 1 && golden !== undefined)
    throw usageError(
      '--model: --golden is of one model; expected --model once, or --models-dir in place of --golden',
    );
}

async function existingFolder(folder: string): Promise<string> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new CommandError(`--models-dir: there is no folder ${folder}.`);
  return folder;
}

async function readGoldenFile(file: string, mayBeMissing: boolean): Promise<Golden | undefined> {
  if (existsSync(file)) return parseGolden(file, await readFileOf('--golden', file));
  if (mayBeMissing) return undefined;
  throw new CommandError(`--golden: there is no file ${file}.`);
}

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parsed(args, verifyOptions);
    // Not shown: it may be a URL with a password.
    if (positionals.length > 0)
      throw new TypeError(
        'There is an argument that belongs to no option; expected options only, such as --target service=http://localhost:5000',
      );
    return values;
  } catch (error) {
    throw error instanceof TypeError ? usageError(error.message) : error;
  }
}

function pairsOf(option: string, pairs: readonly string[] = []): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of pairs.map((pair) => splitPair(option, pair))) {
    if (found.has(name))
      throw usageError(`${option}: ${quote(name)} is given more than once; expected it once`);
    found.set(name, value);
  }
  return found;
}

function splitPair(option: string, pair: string): [string, string] {
  const at = pair.indexOf('=');
  // Not shown: a URL may hold a password, where its name was forgotten, too.
  const name = pair.slice(0, Math.max(0, at));
  if (!/^[^:@/?#]+$/.test(name))
    throw usageError(`${option}: expected NAME=VALUE such as service=http://host, got no name`);
  return [name, pair.slice(at + 1)];
}

function webUrl(option: string, url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw usageError(
      `${option}: expected an http or https URL such as http://localhost:5000, got ${withoutSecrets(url)}`,
    );
  return withoutTrailingSlashes(url);
}

async function readOptional(option: string, file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : readFileOf(option, file);
}

/** As the user says: also of a pipe. */
async function readFileOf(option: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`${option}: ${file} cannot be read: ${whyUnreadable(error)}`);
  });
}

function usageError(problem: string): UsageError {
  return wrongUsage('verify', problem);
}
