// Notices that something has become another, and has been quiet since: whoever writes a model needs more than a moment.
import { setTimeout as sleep } from 'node:timers/promises';

/** Looks in a row that must find the same. */
const QUIET_LOOKS = 2;

/**
 * Calls back for each state that has been quiet. One call at a time: what changes meanwhile is found after it.
 * @param known the state that nobody need be told of
 * @param look tells the state, as a text
 * @param everyMs milliseconds between two looks
 * @param signal ends it
 */
export async function watch(
  known: string,
  look: () => Promise<string>,
  everyMs: number,
  changed: (state: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let told = known;
  let last = known;
  let looks = 0;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { ref: false, signal }).catch(() => {});
    if (signal.aborted) return;
    const state = await look();
    looks = state === last ? looks + 1 : 1;
    last = state;
    if (state === told || looks < QUIET_LOOKS) continue;
    told = state;
    await changed(state);
  }
}
