// Loads the model of a directory, tries it, and makes of it what calls are served by.
import path from 'node:path';
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { createContract } from '../../model/contract/contract.ts';
import type { ContractOptions } from '../../model/contract/specialise.ts';
import { describeBy, readDescriptions } from '../../model/descriptions.ts';
import { readGolden } from '../../model/golden.ts';
import type { Naming } from '../../model/model.ts';
import type { Resources } from '../../runtime/resources.ts';
import { checkIsFile } from '../../runtime/session.ts';
import { sourceOf } from '../../sources/record.ts';
import type { CallObserver } from '../call.ts';
import { createBatcher } from '../queue/batcher.ts';
import { createServedModel, type ServedModel } from '../served-model.ts';
import { chooseServing, type EngineSettings } from './choose.ts';

/** Settings, by the names of their environment variables. */
export interface LoadSettings extends EngineSettings {
  readonly QUEUE_MAX_ROWS: number;
  /** Bytes of the calls that may wait; 0: a share of the memory. */
  readonly QUEUE_MAX_BYTES: number;
  readonly REQUEST_TIMEOUT_MS: number;
}

export interface LoadOptions {
  readonly naming: Naming;
  /** Where the schema of model.json is. */
  readonly manifestSchema: URL;
  /** The hand-written contract, which the model's own is made of. */
  readonly contract: OpenAPIObject;
  readonly contractOptions: ContractOptions;
  readonly settings: LoadSettings;
  /** Of the process. */
  readonly resources: Resources;
  /** How many threads share them at this moment. */
  readonly threads: () => number;
  readonly observer: CallObserver;
  /** How many models share the process. */
  readonly sharedBy: number;
  /** Told of every worker thread that ends and is replaced. */
  readonly onThreadLost: (error: Error) => void;
  /** Told of an error that was thrown where there was nobody to tell. */
  readonly onFault: (error: unknown) => void;
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal | undefined;
}

/** The queues' share of the memory, where nothing else is said. */
const QUEUE_MEMORY_SHARE = 1 / 8;

/**
 * @param directory with model.onnx and, where there are such, model.json and golden.json
 * @throws ModelLoadError or CommandError when it cannot be served
 */
export async function loadModel(directory: string, options: LoadOptions): Promise<ServedModel> {
  const { settings, resources, threads, observer } = options;
  const modelFile = path.join(directory, 'model.onnx');
  await checkIsFile(modelFile);
  const descriptions = await readDescriptions(directory, options.manifestSchema);
  const source = sourceOf(directory); // beside the trial: a large file takes seconds
  const golden = await readGolden(path.join(directory, 'golden.json'));
  const serving = await chooseServing(
    modelFile,
    (signature) => describeBy(descriptions, signature, options.naming),
    golden,
    settings,
    resources.cpus / threads(),
    { signal: options.signal, onLoss: options.onThreadLost },
  );
  const { model, engine } = serving;
  const batcher = createBatcher(engine, {
    batching: serving.batching,
    batchMaxRows: settings.BATCH_MAX_ROWS,
    queueMaxRows: settings.QUEUE_MAX_ROWS,
    queueMaxBytes: () =>
      settings.QUEUE_MAX_BYTES ||
      Math.floor((QUEUE_MEMORY_SHARE * resources.memoryBytes) / options.sharedBy / threads()),
    timeoutMs: settings.REQUEST_TIMEOUT_MS,
    pace: serving.pace,
    onFault: options.onFault,
    onRun: (rows, milliseconds) => observer.ran(model, rows, milliseconds),
  });
  const contract = createContract(options.contract, model, options.contractOptions);
  return createServedModel({ serving, source: await source, contract, batcher, observer });
}
