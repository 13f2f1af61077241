// Decides whether a model is batched, by trying it and by what the configuration accepts.
import type { Model } from '../../model/model.ts';
import type { Samples } from '../../model/samples.ts';
import type { Engine } from '../../runtime/engine.ts';
import { ModelLoadError } from '../../runtime/session.ts';
import { tryBatches } from './try-batches.ts';

export interface BatchingDecision {
  readonly batching: boolean;
  readonly batchingReason: string;
}

/** Settings, by the names of their environment variables. */
export interface BatchingSettings {
  readonly BATCHING: 'auto' | 'on' | 'off';
  /** Most rows of one batched run. */
  readonly BATCH_MAX_ROWS: number;
}

/** Rows that influence each other differ by more than rounding does. */
const ROUNDING = 1e-4;

/** @throws ModelLoadError when the model must not be batched though BATCHING is on */
export async function chooseBatching(
  engine: Engine,
  model: Model,
  samples: Samples,
  settings: BatchingSettings,
): Promise<BatchingDecision> {
  if (settings.BATCHING === 'off') return { batching: false, batchingReason: 'BATCHING is off' };
  if (model.rowMode !== 'many')
    return without(
      'dimension 0 of the inputs is not free, so rows cannot be put together',
      settings,
    );
  const found = await tryBatches(engine, samples, settings.BATCH_MAX_ROWS);
  if (typeof found === 'string') return without(found, settings);
  const { difference, sizes } = found;
  if (difference === 0)
    return {
      batching: true,
      batchingReason: `outputs in a batch are bit for bit those of single rows (${sizes} batch sizes tried)`,
    };
  const differs = `outputs in a batch differ from those of single rows by up to ${difference.toPrecision(2)}`;
  if (difference > ROUNDING)
    return without(differs, settings, ': rows of this model influence each other');
  if (settings.BATCHING === 'auto')
    return { batching: false, batchingReason: `${differs}; BATCHING=on accepts that` };
  return { batching: true, batchingReason: `BATCHING is on; ${differs}` };
}

/** No batching for a reason that no configuration accepts. */
function without(
  reason: string,
  { BATCHING }: BatchingSettings,
  consequence = '',
): BatchingDecision {
  if (BATCHING === 'on')
    throw new ModelLoadError(
      `BATCHING is on, but ${reason}${consequence}. Set BATCHING=auto or off.`,
    );
  return { batching: false, batchingReason: reason };
}
