// Whether a model that has just been loaded predicts what the golden.json beside it says.
import path from 'node:path';
import { fitsGolden } from '../../model/fits-golden.ts';
import { readGolden } from '../../model/golden.ts';
import type { ServedModel } from '../served-model.ts';

/** For comparing golden predictions, in milliseconds: what takes longer is left to `verify`, so that a heavy model starts in time. */
const COMPARING_MS = 50;

/**
 * How predictions differ from the golden ones, of as many rows as there is time for; undefined where they do not.
 * @param directory that the model was loaded from
 */
export async function misfitOf(
  directory: string,
  { model, contract, serving: { engine, pace } }: ServedModel,
): Promise<string | undefined> {
  const end = performance.now() + COMPARING_MS;
  const timeFor = (rows: number) =>
    pace === undefined ? Infinity : (rows * pace.milliseconds) / pace.rows;
  const isWanted = (rows: number) =>
    rows <= contract.maxRows && performance.now() + timeFor(rows) < end;
  try {
    const golden = await readGolden(path.join(directory, 'golden.json'));
    if (golden !== undefined)
      await fitsGolden(golden, model, contract, (feeds) => engine.run(feeds), isWanted);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
