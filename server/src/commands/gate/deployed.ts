// What is deployed, and which versions an upgrade gives more requests. The chart looks itself where Helm can ask the cluster.
import { readFileSync } from 'node:fs';
import { codeOf } from '../../net/connect.ts';
import { CommandError } from '../../util/command-error.ts';
import { isRecord } from '../../util/is-record.ts';
import { parsedJson } from '../../util/parsed-json.ts';

export type Weights = Readonly<Record<string, number>>;

export interface Deployed {
  /** The version that may always get more: the way back is open. */
  readonly default: string;
  readonly weights: Weights;
}

/**
 * Reads the file that the chart has deployed: `{"default": "v1", "weights": {"v1": 90, "v2": 10}}`.
 * @returns undefined where there is none, as before the first upgrade with a gate
 * @throws CommandError where it holds something else
 */
export function readDeployed(file: string): Deployed | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new CommandError(`--deployed: ${file} cannot be read: ${codeOf(error)}.`);
  }
  const found = parsedJson(text);
  if (isDeployed(found)) return found;
  throw new CommandError(
    `--deployed: expected ${file} to hold {"default": VERSION, "weights": {VERSION: WEIGHT, …}}, found something else.`,
  );
}

/** The part of the requests that a version gets, from 0 to 1. */
export function shareOf(weights: Weights, version: string): number {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const weight = Object.hasOwn(weights, version) ? (weights[version] ?? 0) : 0;
  return total === 0 ? 0 : weight / total;
}

function isDeployed(value: unknown): value is Deployed {
  return (
    isRecord(value) &&
    typeof value['default'] === 'string' &&
    isRecord(value['weights']) &&
    Object.values(value['weights']).every(
      (weight) => Number.isFinite(weight) && Number(weight) >= 0,
    )
  );
}
