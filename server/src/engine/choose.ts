// Decides how a model is run, by trying it: inline or on worker threads, batched or not. The decisions and
// their reasons are logged, reported by GET /model, and can be overridden by configuration.
import { stat } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { Golden } from '../model/golden.ts';
import type { Model } from '../model/model.ts';
import { batchOf, type Samples, sampleInputs } from '../model/samples.ts';
import { largestDifference, rowsOf, type Tensors } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';
import { chooseProviders, type Providers } from './execution-providers.ts';
import { createInlineEngine } from './inline.ts';
import { createPoolEngine } from './pool.ts';
import type { Resources } from './resources.ts';
import { ModelLoadError, type SessionOptions } from './session.ts';
import type { Signature } from './signature.ts';
import { checkRows } from './work.ts';

export interface Serving {
  readonly engine: Engine;
  readonly model: Model;
  readonly batching: boolean;
  readonly batchingReason: string;
  readonly providers: Providers;
}

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
>;

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
): Promise<Serving> {
  // Since 1.29 ONNX Runtime sends telemetry by default on Linux. It must be off before the library loads, and only the
  // main thread's environment is the process's own: a worker has a copy.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const providers = await chooseProviders(settings);
  const engine = await chooseEngine(
    modelFile,
    describe,
    golden,
    { ...settings, executionProviders: providers.usable },
    resources,
  );
  const model = describe(engine.signature);
  try {
    const decision = await chooseBatching(engine, model, sampleInputs(model, golden), settings);
    return { engine, model, providers, ...decision };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function chooseEngine(
  modelFile: string,
  describe: (signature: Signature) => Model,
  golden: Golden | undefined,
  settings: Settings & Pick<SessionOptions, 'executionProviders'>,
  resources: Resources,
): Promise<Engine> {
  const { executionProviders } = settings;
  const cpus = Math.max(1, Math.floor(resources.cpus));
  const workers = settings.WORKERS || cpus;
  const pool = () =>
    createPoolEngine(
      modelFile,
      {
        executionProviders,
        intraOpThreads: settings.INTRA_OP_THREADS || Math.max(1, Math.floor(cpus / workers)),
      },
      workers,
    );
  if (settings.ENGINE === 'workers') return pool();
  if (settings.ENGINE === 'auto' && (await sizeOf(modelFile)) > INLINE_LIMIT_BYTES) return pool();

  const inline = await createInlineEngine(modelFile, {
    executionProviders,
    intraOpThreads: settings.INTRA_OP_THREADS || 1,
  });
  if (settings.ENGINE === 'inline') return inline;
  const model = describe(inline.signature);
  const samples = sampleInputs(model, golden);
  const largest = model.rowMode === 'many' ? settings.BATCH_MAX_ROWS : 1;
  const light =
    samples.representative && (await medianRunMs(inline, samples, largest)) <= INLINE_LIMIT_MS;
  if (light) return inline;
  await inline.close();
  return pool();
}

/** The duration of a run of as many rows as a batch may have; the first run, which sets things up, is left out. */
async function medianRunMs(engine: Engine, { rows }: Samples, count: number): Promise<number> {
  const durations: number[] = [];
  for (let i = 0; i < 4; i++) {
    const { feeds } = batchOf(rows, count);
    const startedAt = performance.now();
    try {
      await engine.run(feeds);
    } catch {
      return Infinity; // the guessed inputs do not suit the model: assume the worst
    }
    if (i > 0) durations.push(performance.now() - startedAt);
  }
  return durations.sort((a, b) => a - b)[1] ?? Infinity;
}

async function chooseBatching(
  engine: Engine,
  model: Model,
  samples: Samples,
  settings: Settings,
): Promise<Pick<Serving, 'batching' | 'batchingReason'>> {
  if (settings.BATCHING === 'off') return { batching: false, batchingReason: 'BATCHING is off' };
  if (model.rowMode !== 'many') {
    const reason = 'dimension 0 of the inputs is not free, so rows cannot be put together';
    if (settings.BATCHING === 'on')
      throw new ModelLoadError(`BATCHING is on, but ${reason}. Set BATCHING=auto or off.`);
    return { batching: false, batchingReason: reason };
  }
  const difference = await batchingDifference(engine, samples, settings.BATCH_MAX_ROWS);
  if (typeof difference === 'string') {
    if (settings.BATCHING === 'on')
      throw new ModelLoadError(`BATCHING is on, but ${difference}. Set BATCHING=auto or off.`);
    return { batching: false, batchingReason: difference };
  }
  if (difference === 0)
    return {
      batching: true,
      batchingReason: 'outputs in a batch are bit for bit those of single rows',
    };
  const found = `outputs in a batch differ from those of single rows by up to ${difference.toPrecision(2)}`;
  if (settings.BATCHING === 'auto')
    return {
      batching: false,
      batchingReason: `${found}${difference > ROUNDING ? '' : '; BATCHING=on accepts that'}`,
    };
  if (difference > ROUNDING)
    throw new ModelLoadError(
      `BATCHING is on, but ${found}: rows of this model influence each other. Set BATCHING=auto or off.`,
    );
  return { batching: true, batchingReason: `BATCHING is on; ${found}` };
}

/** The largest difference that batching makes to an output, or why the model cannot be run in a batch. */
async function batchingDifference(
  engine: Engine,
  samples: Samples,
  batchMaxRows: number,
): Promise<number | string> {
  const startedAt = performance.now();
  let single: Tensors[];
  try {
    single = [await engine.run(batchOf(samples.rows, 1).feeds)];
  } catch (error) {
    return `the model failed on a sample row (${error instanceof Error ? error.message : error})`;
  }
  // A heavy model is tried with few rows, so that it starts in time.
  const full =
    performance.now() - startedAt < INLINE_LIMIT_MS ? batchMaxRows : Math.min(4, batchMaxRows);
  try {
    for (let row = 1; row < full; row++) {
      const sample = samples.rows[row % samples.rows.length] ?? samples.rows[0];
      single.push(await engine.run(batchOf([sample], 1).feeds));
    }
    let largest = 0;
    for (const count of new Set([Math.min(2, full), full])) {
      const together = await engine.run(batchOf(samples.rows, count).feeds);
      checkRows(together, count);
      for (const [row, alone] of single.slice(0, count).entries())
        for (const [name, tensor] of Object.entries(together)) {
          const other = alone[name];
          largest = Math.max(
            largest,
            other ? largestDifference(rowsOf(tensor, row, row + 1), other) : Infinity,
          );
        }
    }
    return largest;
  } catch (error) {
    return `the model cannot be run on several rows (${error instanceof Error ? error.message : error})`;
  }
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
