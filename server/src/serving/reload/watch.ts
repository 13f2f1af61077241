// Notices that something has become another, and has been quiet since: whoever writes a model needs more than a moment.
import { setTimeout as sleep } from 'node:timers/promises';

/** Looks in a row that must find the same. */
const QUIET_LOOKS = 2;

/** Looks after which what was refused is tried again: the reason may have passed, as a lack of memory does. */
const LOOKS_BEFORE_RETRY = 30;

/**
 * Calls back for each state that has been quiet. One call at a time: what changes meanwhile is found after it.
 * @param known the state that nobody need be told of
 * @param look tells the state, as a text
 * @param everyMs milliseconds between two looks
 * @param changed gives whether the state is dealt with for good
 * @param signal ends it
 */
export async function watch(
  known: string,
  look: () => Promise<string>,
  everyMs: number,
  changed: (state: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  let told = known;
  let last = known;
  let looks = 0;
  let looksBeforeRetry = Infinity;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { ref: false, signal }).catch(() => {});
    if (signal.aborted) return;
    const state = await look();
    looks = state === last ? looks + 1 : 1;
    last = state;
    looksBeforeRetry--;
    const isNew = state !== told && looks >= QUIET_LOOKS;
    if (!isNew && looksBeforeRetry > 0) continue;
    told = state;
    looksBeforeRetry = (await changed(state)) ? Infinity : LOOKS_BEFORE_RETRY;
  }
}
