// Limits on how much is done a second. Threads that count in the same tally have one limit together, however few of the calls each gets.

/** Two numbers that are counted together, in memory that threads may share. */
export type Tally = Int32Array;
export const TALLY_LENGTH = 2;

/** Places in it: a second with how many were admitted in it, and how many were not since the last that was. */
const ADMITTED = 0;
const SUPPRESSED = 1;

/** Most that can be counted in a second; what is left of 31 bits tells the seconds apart. */
const COUNT = 2 ** 20;
const SECONDS = 2 ** 11;

/**
 * Admits `perSecond` calls a second, fewer than a million; all when it is 0.
 * @returns how many were not admitted since the last that was, or undefined when this one is not
 */
export function limiter(
  perSecond: number,
  tally: Tally = new Int32Array(TALLY_LENGTH),
): () => number | undefined {
  if (perSecond === 0) return () => 0;
  return () => {
    for (;;) {
      const before = Atomics.load(tally, ADMITTED);
      const [now] = process.hrtime(); // the same for all threads, and no earlier than what they have counted
      const second = (now % SECONDS) * COUNT;
      const admitted = before - (before % COUNT) === second ? before % COUNT : 0;
      if (admitted >= perSecond) {
        Atomics.add(tally, SUPPRESSED, 1);
        return undefined;
      }
      if (Atomics.compareExchange(tally, ADMITTED, before, second + admitted + 1) === before)
        return Atomics.exchange(tally, SUPPRESSED, 0);
    }
  };
}
