// Whether a model's runs are short enough for the main thread, which answers nobody meanwhile.
import { batchOf, type Samples } from '../../model/samples.ts';
import type { Engine } from '../../runtime/engine.ts';

/** A run that blocks the main thread for longer than this goes to a worker thread: 100 × the hop's 50 µs. */
export const INLINE_LIMIT_MS = 5;
/** Runs that are timed after the first, which sets things up. */
const TIMED_RUNS = 3;

/** Whether most runs of so many rows are short enough. */
export async function isShort(engine: Engine, { rows }: Samples, count: number): Promise<boolean> {
  let short = 0;
  for (let i = 0; i <= TIMED_RUNS; i++) {
    const { feeds } = batchOf(rows, count);
    const startedAt = performance.now();
    try {
      await engine.run(feeds);
    } catch {
      return false; // the guessed inputs do not suit the model: assume the worst
    }
    const isFar = performance.now() - startedAt > 20 * INLINE_LIMIT_MS; // a heavy model is to start soon
    if (isFar) return false;
    if (i > 0 && performance.now() - startedAt <= INLINE_LIMIT_MS) short++;
  }
  return short > TIMED_RUNS / 2;
}
