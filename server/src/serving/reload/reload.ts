// Replaces a served model by what its directory holds now, without a restart: the new one is loaded beside the old one, checked
// with its golden predictions, and takes the calls from one moment on; the old one ends those that it has. What does not load, or
// predicts otherwise than its golden predictions say, or breaks the contract, is refused: the old one goes on.
import path from 'node:path';
import { incompatibility } from '../../model/compatible.ts';
import { fitsGolden } from '../../model/fits-golden.ts';
import { readGolden } from '../../model/golden.ts';
import type { Tensors } from '../../tensor/tensor.ts';
import { Turns } from '../../util/turns.ts';
import type { ServedModel } from '../served-model.ts';
import { type Slot, UNLOADABLE, UNLOADED } from '../slot.ts';
import { contentOf, type Held, stateOf } from './files.ts';
import { watch } from './watch.ts';

export interface ReloadOptions {
  readonly slot: Slot;
  readonly directory: string;
  /** What it held before the served model was loaded; undefined where that is not known. */
  readonly known: Held | undefined;
  /** Milliseconds between two looks at the directory; 0: none but those that are asked for. */
  readonly everyMs: number;
  /** Loads what the directory holds now. @param signal aborts when nobody needs it any more */
  readonly load: (signal: AbortSignal) => Promise<ServedModel>;
  /** Whether the contract may become another. */
  readonly anyContract: boolean;
  readonly onReload: (event: ReloadEvent) => void;
}

export type ReloadEvent =
  | {
      readonly kind: 'replaced';
      readonly served: ServedModel;
      readonly goldenRows: number;
      /** Whether nothing was served before. */
      readonly isFirst: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Reload {
  /** Looks now, and serves what the directory holds, or goes on without it: the slot has the reason. */
  check(): Promise<void>;
  /** Serves nothing until the next check that is asked for. The calls that the model has taken end first. */
  unload(): Promise<void>;
  /** Stops watching, and waits for what is being loaded and for the calls of what was replaced. */
  close(): Promise<void>;
}

export function startReload(options: ReloadOptions): Reload {
  const { slot, directory, known, onReload } = options;
  const stop = new AbortController();
  const leaving = new Set<Promise<void>>();
  let served = slot.served === undefined ? undefined : known?.content;
  let isUnloaded = false;

  /** One thing at a time happens to the slot. */
  const turns = new Turns();

  const take = async (files: string) => {
    const content = await contentOf(directory);
    // Written once more, or back after something that was refused.
    if (content === served && slot.served !== undefined) {
      slot.reason = undefined;
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
    const before = slot.replace(next);
    void leave(before);
    served = content;
    onReload({ kind: 'replaced', served: next, goldenRows, isFirst: before === undefined });
  };

  const leave = async (before: ServedModel | undefined) => {
    if (before === undefined) return;
    const left = before.close().finally(() => leaving.delete(left));
    leaving.add(left);
    await left;
  };

  const changed = async (files: string) => {
    try {
      await take(files);
      return true;
    } catch (error) {
      if (stop.signal.aborted) return true;
      const reason = error instanceof Error ? error.message : String(error);
      slot.reason = error instanceof UnfitError ? reason : UNLOADABLE;
      slot.refused++;
      onReload({ kind: 'refused', reason });
      return false;
    }
  };

  const look = () => stateOf(directory);
  const noticed = (files: string) =>
    turns.take(async () => (isUnloaded ? true : await changed(files)));
  const watching =
    options.everyMs === 0
      ? undefined
      : watch(known?.state ?? '', look, options.everyMs, noticed, stop.signal);
  return {
    check: () =>
      turns.take(async () => {
        isUnloaded = false;
        await changed(await look());
      }),
    unload: () =>
      turns.take(async () => {
        isUnloaded = true;
        await leave(slot.clear(UNLOADED));
      }),
    async close() {
      stop.abort();
      await Promise.all([watching, turns.ended()]);
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
  { slot, directory, anyContract }: ReloadOptions,
): Promise<number> {
  const before = slot.served?.model;
  const broken = anyContract || before === undefined ? undefined : incompatibility(before, model);
  if (broken !== undefined)
    throw new UnfitError(
      `the contract would break: ${broken}. Set MODEL_RELOAD_CONTRACT=any to allow that, or serve it as another version.`,
    );
  const golden = await readGolden(path.join(directory, 'golden.json'));
  if (golden === undefined) return 0;
  const run = (feeds: Tensors) => serving.engine.run(feeds);
  return fitsGolden(golden, model, contract, run).catch((error: Error) => {
    throw new UnfitError(error.message, { cause: error });
  });
}
