// golden.json: inputs with the outputs that the trainer's own framework gave. Here it gives the warm-up real
// rows; `verify` replays it against a running server.
import { ModelLoadError } from '../runtime/session.ts';
import { isRecord } from '../util/is-record.ts';
import { parseFile } from './parse-file.ts';
import { textBeside } from './text-beside.ts';

export interface Golden {
  /** What a request's `inputs` are: rows, or rows of every named tensor. A model without rows may take a value that is no array. */
  readonly inputs: unknown;
  readonly prediction?: readonly unknown[];
  readonly labels?: readonly string[];
  readonly probabilities?: readonly (readonly number[])[];
  /** Largest difference of two equal numbers, absolute up to 1, relative above. 0 where it is left out. */
  readonly tolerance?: number;
}

/**
 * Reads golden.json.
 * @returns undefined when there is no such file
 * @throws ModelLoadError when it cannot be read, and as `parseGolden` does
 */
export async function readGolden(file: string): Promise<Golden | undefined> {
  const source = await textBeside(file);
  return source === undefined ? undefined : parseGolden(file, source);
}

/**
 * @param source what the file holds
 * @throws ModelLoadError when it has no `inputs`, or one of its fields is of another type
 */
export function parseGolden(file: string, source: string): Golden {
  const golden = withoutNulls(parseFile(file, source));
  if (golden === undefined || !areInputs(golden['inputs']))
    throw new ModelLoadError(
      `${file} needs "inputs": an array of rows, or an object with an array of rows for every named input.`,
    );
  for (const field of ['prediction', 'labels', 'probabilities'])
    if (golden[field] !== undefined && !Array.isArray(golden[field]))
      throw new ModelLoadError(
        `${file}: "${field}" must be an array with a value for each row of "inputs".`,
      );
  const { tolerance = 0 } = golden;
  if (typeof tolerance !== 'number' || tolerance < 0)
    throw new ModelLoadError(`${file}: "tolerance" must be a number, 0 or more.`);
  return golden as unknown as Golden;
}

/** The fields of an object: null is how Python writes what is left out. */
function withoutNulls(value: unknown): Record<string, unknown> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

function areInputs(inputs: unknown): boolean {
  if (!isRecord(inputs)) return isValue(inputs);
  return Object.keys(inputs).length > 0 && Object.values(inputs).every(isValue);
}

/** Whether a tensor may be given so. Which tensors are scalars, the model says. */
function isValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return ['number', 'string', 'boolean'].includes(typeof value);
}
