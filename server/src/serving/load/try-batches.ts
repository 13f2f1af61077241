// Compares the rows of batches with the same rows run alone: rows of some models influence each other.
import { batchOf, type Samples } from '../../model/samples.ts';
import type { Engine } from '../../runtime/engine.ts';
import { largestDifference, rowsOf, type Tensors } from '../../tensor/tensor.ts';
import { checkRows } from '../../tensor/work.ts';
import { INLINE_LIMIT_MS } from './short-runs.ts';

/** Time for batch sizes beyond the first, in milliseconds. */
const TRYING_MS = 50;
/** Batch sizes that are tried even where that takes longer: the full one, 2 and 3. */
const SIZES_AT_LEAST = 3;

/**
 * Tries as many batch sizes as there is time for: which code computes a batch may depend on its size.
 * @returns the largest difference of any output, or why the model cannot be run in a batch
 */
export async function tryBatches(
  engine: Engine,
  samples: Samples,
  batchMaxRows: number,
): Promise<{ difference: number; sizes: number } | string> {
  const startedAt = performance.now();
  const single: Tensors[] = [];
  const { rows, origin } = samples;
  /** @returns why the rows up to this one cannot be run */
  const runSingle = async (count: number): Promise<string | undefined> => {
    while (single.length < count) {
      const row = single.length % rows.length;
      try {
        single.push(await engine.run(batchOf([rows[row] ?? rows[0]], 1).feeds));
      } catch (error) {
        return `the model failed on row ${row} of ${origin} (${messageOf(error)})`;
      }
    }
    return undefined;
  };
  const failure = await runSingle(1);
  if (failure !== undefined) return failure;
  // A heavy model is tried with few rows, so that it starts in time.
  const full =
    performance.now() - startedAt < INLINE_LIMIT_MS ? batchMaxRows : Math.min(4, batchMaxRows);
  const later = await runSingle(full);
  if (later !== undefined) return later;
  try {
    const triedAt = performance.now();
    let difference = 0;
    let sizes = 0;
    for (const count of sizesToTry(full)) {
      if (sizes >= SIZES_AT_LEAST && performance.now() - triedAt > TRYING_MS) break;
      const together = await engine.run(batchOf(samples.rows, count).feeds);
      checkRows(together, count);
      for (const [row, alone] of single.slice(0, count).entries())
        for (const [name, tensor] of Object.entries(together)) {
          const other = alone[name];
          const differs = other && largestDifference(rowsOf(tensor, row, row + 1), other);
          difference = Math.max(difference, differs ?? Infinity);
        }
      sizes++;
    }
    return { difference, sizes };
  } catch (error) {
    return `the model cannot be run on several rows of ${origin} (${messageOf(error)})`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The full size and the small ones first; then those around powers of two, which kernels distinguish; then all others. */
function sizesToTry(full: number): Set<number> {
  const sizes = new Set([full, 2, 3]);
  for (let power = 4; power < full; power *= 2)
    for (const size of [power, power + 1, power - 1]) sizes.add(size);
  for (let size = 2; size < full; size++) sizes.add(size);
  return new Set([...sizes].filter((size) => size <= full));
}
