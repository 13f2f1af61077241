// Replaces the served model by what its directory holds now, without a restart: the new one is loaded beside the old one, checked
// with its golden predictions, and takes the calls from one moment on; the old one ends those that it has. What does not load, or
// predicts otherwise than its golden predictions say, or breaks the contract, is refused: the old one goes on.
import path from 'node:path';
import { checkGolden } from '../../model/check-golden.ts';
import { incompatibility } from '../../model/compatible.ts';
import { readGolden } from '../../model/golden.ts';
import { encodeInputs } from '../../model/inputs.ts';
import { Result, toPrediction } from '../../model/prediction.ts';
import { Outputs } from '../../tensor/work.ts';
import type { Registry } from '../registry.ts';
import type { ServedModel } from '../served-model.ts';
import { contentOf, type Held, stateOf } from './files.ts';
import { watch } from './watch.ts';

export interface ReloadOptions {
  readonly models: Registry;
  readonly directory: string;
  /** What it held before the served model was loaded. */
  readonly known: Held;
  /** Milliseconds between two looks at the directory. */
  readonly everyMs: number;
  /** Loads what the directory holds now. @param signal aborts when nobody needs it any more */
  readonly load: (signal: AbortSignal) => Promise<ServedModel>;
  /** Whether the contract may become another. */
  readonly anyContract: boolean;
  readonly onReload: (event: ReloadEvent) => void;
}

export type ReloadEvent =
  | { readonly kind: 'replaced'; readonly served: ServedModel; readonly goldenRows: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** What is to be known of it at a moment. */
export interface ReloadState {
  /** When the served model took the calls. */
  readonly since: Date;
  readonly replaced: number;
  readonly refused: number;
  /** Why what the directory holds now is not served, fit for clients; undefined where it is, or where it is still being looked at. */
  readonly reason: string | undefined;
}

export interface Reload {
  readonly state: ReloadState;
  /** Stops watching, and waits for what is being loaded and for the calls of what was replaced. */
  close(): Promise<void>;
}

export function startReload(options: ReloadOptions): Reload {
  const { models, directory, known, onReload } = options;
  const stop = new AbortController();
  const leaving = new Set<Promise<void>>();
  let state: ReloadState = { since: new Date(), replaced: 0, refused: 0, reason: undefined };
  let served = known.content;

  const take = async (files: string) => {
    const content = await contentOf(directory);
    // Written once more, or back after something that was refused.
    if (content === served) {
      state = { ...state, reason: undefined };
      return;
    }
    const next = await options.load(stop.signal);
    let goldenRows: number;
    try {
      goldenRows = await examine(next, options);
      if ((await stateOf(directory)) !== files)
        throw new Error('the files changed again while they were loaded.');
      stop.signal.throwIfAborted();
    } catch (error) {
      await next.close();
      throw error;
    }
    const left = models
      .replace(next)
      .close()
      .finally(() => leaving.delete(left));
    leaving.add(left);
    served = content;
    state = { ...state, since: new Date(), replaced: state.replaced + 1, reason: undefined };
    onReload({ kind: 'replaced', served: next, goldenRows });
  };

  const changed = async (files: string) => {
    try {
      await take(files);
      return true;
    } catch (error) {
      if (stop.signal.aborted) return true;
      const reason = error instanceof Error ? error.message : String(error);
      const told = error instanceof UnfitError ? reason : 'it cannot be loaded; the log says why.';
      state = { ...state, refused: state.refused + 1, reason: told };
      onReload({ kind: 'refused', reason });
      return false;
    }
  };

  const watching = watch(
    known.state,
    () => stateOf(directory),
    options.everyMs,
    changed,
    stop.signal,
  );
  return {
    get state() {
      return state;
    },
    async close() {
      stop.abort();
      await watching;
      await Promise.all(leaving);
    },
  };
}

/** Why a model that loads must not be served, without anything of this machine: it may be told to clients. */
class UnfitError extends Error {
  override readonly name = 'UnfitError';
}

/**
 * @returns how many golden rows it predicted as it should
 * @throws Error that says why it must not be served
 */
async function examine(
  { model, contract, serving }: ServedModel,
  { models, directory, anyContract }: ReloadOptions,
): Promise<number> {
  const broken = anyContract ? undefined : incompatibility(models.main.model, model);
  if (broken !== undefined)
    throw new UnfitError(
      `the contract would break: ${broken}. Set MODEL_RELOAD_CONTRACT=any to allow that, or serve it as another version.`,
    );
  const golden = await readGolden(path.join(directory, 'golden.json'));
  if (golden === undefined) return 0;
  try {
    return await checkGolden(golden, async (body) => {
      const request = contract.validatePredict(body);
      const outputs = await serving.engine.run(encodeInputs(model, request.inputs).feeds);
      return { ...toPrediction(new Result(model, new Outputs(outputs)), request) };
    });
  } catch (error) {
    const why =
      error instanceof RangeError
        ? 'it is nested too deeply'
        : error instanceof Error
          ? error.message
          : error;
    throw new UnfitError(
      `golden.json: ${why}. Export the model and its golden predictions together.`,
      { cause: error },
    );
  }
}
