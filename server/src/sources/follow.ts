// What a URI names by then, again and again: an alias or a tag moves, and a folder gets other files.
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../util/command-error.ts';
import type { Wanted } from './fetch.ts';

/**
 * Fetches, and looks again after each interval, until the process is ended. A look that fails is told and leaves the directory as it was.
 * @param fetch once
 * @param intervalMs from the end of a look to the next
 * @throws what the first fetch throws
 */
export async function follow(
  wanted: Wanted,
  intervalMs: number,
  fetch: (wanted: Wanted) => Promise<void>,
): Promise<never> {
  let last = '';
  // That nothing changed is told once.
  const say = (line: string) => {
    if (line !== last) wanted.say(line);
    last = line;
  };
  const quiet = { ...wanted, say };
  await fetch(quiet);
  for (;;) {
    await sleep(intervalMs);
    try {
      await fetch(quiet);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      say(error.message);
    }
  }
}
