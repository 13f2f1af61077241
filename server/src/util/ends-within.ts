import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/**
 * Waits for work, but not for long.
 * @returns whether it ended in time; it may still end later. Rejects where the work does.
 */
export async function endsWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = new AbortController();
  const timer = sleep(milliseconds, undefined, { signal: late.signal })
    .then(() => turn()) // what came while this thread was busy counts
    .then(
      () => false,
      () => false,
    );
  try {
    return await Promise.race([work.then(() => true), timer]);
  } finally {
    late.abort();
  }
}
