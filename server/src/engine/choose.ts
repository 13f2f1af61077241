// Decides how a model is run, by trying it: inline or on worker threads, batched or not. The decisions and
// their reasons are logged, reported by GET /model, and can be overridden by configuration.
import { stat } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { Golden } from '../model/golden.ts';
import type { Model } from '../model/model.ts';
import { batchOf, type Samples, sampleInputs } from '../model/samples.ts';
import { largestDifference, rowsOf, type Tensors } from '../tensor/tensor.ts';
import type { Pace } from './admission.ts';
import type { Engine } from './engine.ts';
import { chooseProviders, type Providers } from './execution-providers.ts';
import { createInlineEngine } from './inline.ts';
import { createPoolEngine } from './pool.ts';
import type { Resources } from './resources.ts';
import { ModelLoadError } from './session.ts';
import type { Signature } from './signature.ts';
import { checkRows } from './work.ts';

export interface Serving {
  readonly engine: Engine;
  readonly model: Model;
  readonly batching: boolean;
  readonly batchingReason: string;
  readonly providers: Providers;
  /** How fast it took rows in when it was tried; undefined where it was not. */
  readonly pace: Pace | undefined;
}

type Decision = Pick<Serving, 'batching' | 'batchingReason'>;

/** A run that blocks the main thread for longer than this goes to a worker thread: 100 × the hop's 50 µs. */
const INLINE_LIMIT_MS = 5;
/** Files above this are loaded by the workers only: trying them inline first would hold them twice. */
const INLINE_LIMIT_BYTES = 16 * 1024 * 1024;
/** Rows that influence each other differ by more than rounding does. */
const ROUNDING = 1e-4;

type Settings = Pick<
  Config,
  | 'ENGINE'
  | 'WORKERS'
  | 'INTRA_OP_THREADS'
  | 'EXECUTION_PROVIDERS'
  | 'EXECUTION_PROVIDER_FALLBACK'
  | 'BATCHING'
  | 'BATCH_MAX_ROWS'
  | 'MAX_ROWS'
>;

interface StartOptions {
  /** Aborts when the start is given up. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every worker thread that ends and is replaced. */
  readonly onLoss?: ((error: Error) => void) | undefined;
}

/**
 * Loads the model, warms it up and decides.
 * @param describe makes the model's description of its signature
 * @throws ModelLoadError when the model cannot be loaded, must not be batched though BATCHING is on, or has no provider to
 * run on
 */
export async function chooseServing(
  modelFile: string,
  describe: (signature: Signature) => Model,
  golden: Golden | undefined,
  settings: Settings,
  resources: Resources,
  { signal, onLoss }: StartOptions = {},
): Promise<Serving> {
  // Since 1.29 ONNX Runtime sends telemetry by default on Linux. It must be off before the library loads, and only the
  // main thread's environment is the process's own: a worker has a copy.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const providers = await chooseProviders(settings);
  const pool = () => {
    signal?.throwIfAborted();
    return createPool(modelFile, providers.usable, settings, resources, onLoss);
  };
  let engine = await firstEngine(modelFile, providers.usable, settings, pool);
  try {
    const model = describe(engine.signature);
    const samples = sampleInputs(model, golden);
    const trials: Pace[] = [];
    // Trying a heavy model takes a while; a start that is given up does not wait for all of it.
    const tried = (): Engine => ({
      ...engine,
      run: async (feeds) => {
        signal?.throwIfAborted();
        const startedAt = performance.now();
        const outputs = await engine.run(feeds);
        const rows = model.rowMode === 'many' ? rowsIn(feeds) : 1;
        trials.push({ rows, milliseconds: performance.now() - startedAt });
        return outputs;
      },
    });
    const served = async (decision: Decision): Promise<Serving> => {
      const pace = () => fastest(trials, decision.batching ? settings.BATCH_MAX_ROWS : 1);
      if (pace() === undefined) await isShort(tried(), samples, 1); // warmed up all the same
      return { engine, model, providers, ...decision, pace: pace() };
    };
    const decide = () => chooseBatching(tried(), model, samples, settings);
    const mayMove = settings.ENGINE === 'auto' && engine.kind === 'inline';
    // A batch is the largest run there is, unless nothing is batched: then a request is, whatever it has of rows.
    const staysInline = async (rows: number) =>
      samples.representative &&
      (await isShort(tried(), samples, 1)) &&
      (model.rowMode !== 'many' || (await isShort(tried(), samples, rows)));
    let decision: Decision | undefined;
    if (!mayMove || (await staysInline(settings.BATCH_MAX_ROWS))) {
      decision = await decide();
      if (!mayMove || decision.batching || (await staysInline(settings.MAX_ROWS)))
        return await served(decision);
    }
    const workers = await pool();
    await engine.close();
    engine = workers;
    decision ??= await decide();
    return await served(decision);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** The trial that took in the most rows a millisecond, of those that could have been a run: first ones are slow. */
function fastest(trials: readonly Pace[], mostRows: number): Pace | undefined {
  const paceOf = ({ rows, milliseconds }: Pace) => rows / milliseconds;
  return trials
    .filter(({ rows }) => rows <= mostRows)
    .reduce<Pace | undefined>(
      (best, one) => (best === undefined || paceOf(one) > paceOf(best) ? one : best),
      undefined,
    );
}

function rowsIn(feeds: Tensors): number {
  return Object.values(feeds)[0]?.dims[0] ?? 1;
}

/** The engine to try the model with: the pool only where the main thread is out of the question. */
async function firstEngine(
  modelFile: string,
  executionProviders: readonly string[],
  settings: Settings,
  pool: () => Promise<Engine>,
): Promise<Engine> {
  if (settings.ENGINE === 'workers') return pool();
  if (settings.ENGINE === 'auto' && (await sizeOf(modelFile)) > INLINE_LIMIT_BYTES) return pool();
  return createInlineEngine(modelFile, {
    executionProviders,
    intraOpThreads: settings.INTRA_OP_THREADS || 1,
  });
}

function createPool(
  modelFile: string,
  executionProviders: readonly string[],
  settings: Settings,
  resources: Resources,
  onLoss: StartOptions['onLoss'],
): Promise<Engine> {
  const cpus = Math.max(1, Math.floor(resources.cpus));
  const workers = settings.WORKERS || cpus;
  const intraOpThreads = settings.INTRA_OP_THREADS || Math.max(1, Math.floor(cpus / workers));
  return createPoolEngine(modelFile, { executionProviders, intraOpThreads }, workers, onLoss);
}

/** Whether runs of so many rows are short enough for the main thread; most of them must be, but for the first, which sets things up. */
async function isShort(engine: Engine, { rows }: Samples, count: number): Promise<boolean> {
  let short = 0;
  for (let i = 0; i <= TIMED_RUNS; i++) {
    const { feeds } = batchOf(rows, count);
    const startedAt = performance.now();
    try {
      await engine.run(feeds);
    } catch {
      return false; // the guessed inputs do not suit the model: assume the worst
    }
    const isFar = performance.now() - startedAt > 20 * INLINE_LIMIT_MS; // a heavy model is to start soon
    if (isFar) return false;
    if (i > 0 && performance.now() - startedAt <= INLINE_LIMIT_MS) short++;
  }
  return short > TIMED_RUNS / 2;
}

const TIMED_RUNS = 3;

async function chooseBatching(
  engine: Engine,
  model: Model,
  samples: Samples,
  settings: Settings,
): Promise<Decision> {
  if (settings.BATCHING === 'off') return { batching: false, batchingReason: 'BATCHING is off' };
  if (model.rowMode !== 'many') {
    const reason = 'dimension 0 of the inputs is not free, so rows cannot be put together';
    if (settings.BATCHING === 'on')
      throw new ModelLoadError(`BATCHING is on, but ${reason}. Set BATCHING=auto or off.`);
    return { batching: false, batchingReason: reason };
  }
  const found = await tryBatches(engine, samples, settings.BATCH_MAX_ROWS);
  if (typeof found === 'string') {
    if (settings.BATCHING === 'on')
      throw new ModelLoadError(`BATCHING is on, but ${found}. Set BATCHING=auto or off.`);
    return { batching: false, batchingReason: found };
  }
  const { difference, sizes } = found;
  if (difference === 0)
    return {
      batching: true,
      batchingReason: `outputs in a batch are bit for bit those of single rows (${sizes} batch sizes tried)`,
    };
  const differs = `outputs in a batch differ from those of single rows by up to ${difference.toPrecision(2)}`;
  if (settings.BATCHING === 'auto')
    return {
      batching: false,
      batchingReason: `${differs}${difference > ROUNDING ? '' : '; BATCHING=on accepts that'}`,
    };
  if (difference > ROUNDING)
    throw new ModelLoadError(
      `BATCHING is on, but ${differs}: rows of this model influence each other. Set BATCHING=auto or off.`,
    );
  return { batching: true, batchingReason: `BATCHING is on; ${differs}` };
}

/**
 * Compares the rows of batches with the same rows run alone, at as many batch sizes as there is time for: which code computes a
 * batch may depend on its size.
 * @returns the largest difference of any output, or why the model cannot be run in a batch
 */
async function tryBatches(
  engine: Engine,
  samples: Samples,
  batchMaxRows: number,
): Promise<{ difference: number; sizes: number } | string> {
  const startedAt = performance.now();
  const single: Tensors[] = [];
  const runSingle = async (row: number) =>
    engine.run(batchOf([samples.rows[row % samples.rows.length] ?? samples.rows[0]], 1).feeds);
  try {
    single.push(await runSingle(0));
  } catch (error) {
    return `the model failed on a sample row (${error instanceof Error ? error.message : error})`;
  }
  // A heavy model is tried with few rows, so that it starts in time.
  const full =
    performance.now() - startedAt < INLINE_LIMIT_MS ? batchMaxRows : Math.min(4, batchMaxRows);
  try {
    while (single.length < full) single.push(await runSingle(single.length));
    const triedAt = performance.now();
    let difference = 0;
    let sizes = 0;
    for (const count of sizesToTry(full)) {
      if (sizes >= SIZES_AT_LEAST && performance.now() - triedAt > TRYING_MS) break;
      const together = await engine.run(batchOf(samples.rows, count).feeds);
      checkRows(together, count);
      for (const [row, alone] of single.slice(0, count).entries())
        for (const [name, tensor] of Object.entries(together)) {
          const other = alone[name];
          const differs = other && largestDifference(rowsOf(tensor, row, row + 1), other);
          difference = Math.max(difference, differs ?? Infinity);
        }
      sizes++;
    }
    return { difference, sizes };
  } catch (error) {
    return `the model cannot be run on several rows (${error instanceof Error ? error.message : error})`;
  }
}

/** Time for batch sizes beyond the first, in milliseconds. */
const TRYING_MS = 50;
/** Batch sizes that are tried even where that takes longer: the full one, 2 and 3. */
const SIZES_AT_LEAST = 3;

/** The full size and the small ones first; then those around powers of two, which kernels distinguish; then all others. */
function sizesToTry(full: number): Set<number> {
  const sizes = new Set([full, 2, 3]);
  for (let power = 4; power < full; power *= 2)
    for (const size of [power, power + 1, power - 1]) sizes.add(size);
  for (let size = 2; size < full; size++) sizes.add(size);
  return new Set([...sizes].filter((size) => size <= full));
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new ModelLoadError(
      `There is no model at ${file}. Set MODEL_DIR to a directory that contains model.onnx.`,
      { cause },
    );
  }
}
