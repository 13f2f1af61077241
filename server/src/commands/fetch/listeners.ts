// Who hears of a fetch.
import type { Wanted } from '../../sources/fetch.ts';
import { createProgress } from '../../sources/progress.ts';

/** What hears of a fetch. */
export function listeners(say: (line: string) => void): Pick<Wanted, 'say' | 'progress'> {
  return {
    say,
    progress: (total) =>
      createProgress(total, process.stderr.isTTY ? process.stderr : undefined, say),
  };
}
