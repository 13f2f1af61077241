// golden.json: inputs with the outputs that the trainer's own framework gave. Here it gives the warm-up real
// rows; `verify` replays it against a running server.
import { readFile } from 'node:fs/promises';
import { ModelLoadError } from '../runtime/session.ts';
import { whyUnreadable } from '../util/why-unreadable.ts';
import { parseFile } from './parse-file.ts';

export interface Golden {
  /** Rows, or rows of every named tensor. */
  readonly inputs: readonly unknown[] | Readonly<Record<string, readonly unknown[]>>;
  readonly prediction?: readonly unknown[];
  readonly labels?: readonly string[];
  readonly probabilities?: readonly (readonly number[])[];
  /** Largest difference of two equal numbers, absolute up to 1, relative above. 0 where it is left out. */
  readonly tolerance?: number;
}

/**
 * Reads golden.json.
 * @returns undefined when there is no such file
 * @throws ModelLoadError when it has no `inputs`
 */
export async function readGolden(file: string): Promise<Golden | undefined> {
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ModelLoadError(`${file} cannot be read: ${whyUnreadable(error)}`);
  });
  if (source === undefined) return undefined;
  const golden = parseFile(file, source);
  if (!isGolden(golden))
    throw new ModelLoadError(
      `${file} needs "inputs": an array of rows, or an object with an array of rows for every named input.`,
    );
  return golden;
}

function isGolden(value: unknown): value is Golden {
  if (typeof value !== 'object' || value === null || !('inputs' in value)) return false;
  const { inputs } = value;
  if (Array.isArray(inputs)) return inputs.length > 0;
  return (
    typeof inputs === 'object' &&
    inputs !== null &&
    Object.values(inputs).length > 0 &&
    Object.values(inputs).every((rows) => Array.isArray(rows) && rows.length > 0)
  );
}
