// Decides how a model is run, by trying it: inline or on worker threads, batched or not. The decisions and
// their reasons are logged, reported by GET /model, and can be overridden by configuration.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Golden } from '../../model/golden.ts';
import type { Model } from '../../model/model.ts';
import { sampleInputs } from '../../model/samples.ts';
import type { Engine } from '../../runtime/engine.ts';
import {
  chooseProviders,
  type ProviderSettings,
  type Providers,
} from '../../runtime/execution-providers.ts';
import { createInlineEngine } from '../../runtime/inline.ts';
import { createPoolEngine } from '../../runtime/pool.ts';
import { ModelLoadError } from '../../runtime/session.ts';
import type { Signature } from '../../runtime/signature.ts';
import { quote } from '../../util/quote.ts';
import type { Pace } from '../queue/drain-rate.ts';
import { type BatchingDecision, type BatchingSettings, chooseBatching } from './choose-batching.ts';
import { isShort } from './short-runs.ts';
import { createTrials } from './trials.ts';

export interface Serving extends BatchingDecision {
  readonly engine: Engine;
  readonly model: Model;
  readonly providers: Providers;
  /** How fast it took rows in when it was tried; undefined where it was not. */
  readonly pace: Pace | undefined;
}

/** Files above this are loaded by the workers only: trying them inline first would hold them twice. */
const INLINE_LIMIT_BYTES = 16 * 1024 * 1024;

/** Settings, by the names of their environment variables. */
export interface EngineSettings extends ProviderSettings, BatchingSettings {
  readonly ENGINE: 'auto' | 'inline' | 'workers';
  /** Worker threads; 0: one for each CPU. */
  readonly WORKERS: number;
  /** ONNX Runtime's threads of one run; 0: the CPUs, shared by the workers. */
  readonly INTRA_OP_THREADS: number;
  /** Most rows of one request. */
  readonly MAX_ROWS: number;
}

interface StartOptions {
  /** Aborts when the start is given up. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every worker thread that ends and is replaced. */
  readonly onLoss?: ((error: Error) => void) | undefined;
}

/**
 * Loads the model, warms it up and decides.
 * @param describe makes the model's description of its signature
 * @param grantedCpus that it may use, as a fraction
 * @throws ModelLoadError when the model cannot be loaded, must not be batched though BATCHING is on, or has no provider to
 * run on
 */
export async function chooseServing(
  modelFile: string,
  describe: (signature: Signature) => Model,
  golden: Golden | undefined,
  settings: EngineSettings,
  grantedCpus: number,
  { signal, onLoss }: StartOptions = {},
): Promise<Serving> {
  // Since 1.29 ONNX Runtime sends telemetry by default on Linux. It must be off before the library loads, and only the
  // main thread's environment is the process's own: a worker has a copy.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const providers = await chooseProviders(settings);
  const pool = () => {
    signal?.throwIfAborted();
    return createPool(modelFile, providers.usable, settings, grantedCpus, onLoss);
  };
  let engine = await firstEngine(modelFile, providers.usable, settings, pool);
  try {
    const model = describe(engine.signature);
    const samples = sampleInputs(model, golden);
    const trials = createTrials(model, signal);
    const tried = () => trials.on(engine);
    const served = async (decision: BatchingDecision): Promise<Serving> => {
      const pace = () => trials.fastest(decision.batching ? settings.BATCH_MAX_ROWS : 1);
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
    let decision: BatchingDecision | undefined;
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

/** The engine to try the model with: the pool only where the main thread is out of the question. */
async function firstEngine(
  modelFile: string,
  executionProviders: readonly string[],
  settings: EngineSettings,
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
  settings: EngineSettings,
  grantedCpus: number,
  onLoss: StartOptions['onLoss'],
): Promise<Engine> {
  const cpus = Math.max(1, Math.floor(grantedCpus));
  const workers = settings.WORKERS || cpus;
  const intraOpThreads = settings.INTRA_OP_THREADS || Math.max(1, Math.floor(cpus / workers));
  return createPoolEngine(modelFile, { executionProviders, intraOpThreads }, workers, onLoss);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new ModelLoadError(
      `There is no model at ${file}. ${await whatToDo(path.dirname(file))}`,
      { cause },
    );
  }
}

/** Whoever has the file under another name is told that. */
async function whatToDo(directory: string): Promise<string> {
  const names = await readdir(directory).catch(() => []);
  const others = names.filter((name) => name.endsWith('.onnx'));
  const [other] = others;
  if (other !== undefined && others.length === 1) return `Rename ${quote(other)} to model.onnx.`;
  return 'Name a directory that contains model.onnx: ml-api serve DIRECTORY, or MODEL_DIR.';
}
