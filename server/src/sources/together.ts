import type { LimitFunction } from 'p-limit';

/**
 * Does the same for all, as many at a time as the limit lets through. The first failure ends the others, and all have ended when it is told:
 * nobody writes any more.
 * @param end ends all
 * @param work is given a signal that aborts with `end`, and once another has failed
 * @returns what came of each, in their order
 */
export async function together<Item, Outcome>(
  items: readonly Item[],
  limit: LimitFunction,
  end: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([end, failed.signal]);
  const outcomes: Outcome[] = [];
  const one = async (item: Item, at: number) => {
    if (!failed.signal.aborted) outcomes[at] = await work(item, signal);
  };
  await Promise.all(
    items.map((item, at) =>
      limit(() => one(item, at)).catch((error: unknown) => failed.abort(error)),
    ),
  );
  failed.signal.throwIfAborted();
  return outcomes;
}
