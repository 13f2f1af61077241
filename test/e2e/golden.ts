// The golden predictions of the models in the image.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A model's folder in this checkout. */
export const modelFolder = (version: 'v1' | 'v2'): string =>
  path.resolve(import.meta.dirname, '../../model', version);

/** Rows, and what the model said of each when it was trained. */
export type Golden = {
  readonly inputs: readonly number[][];
  readonly prediction: readonly number[];
  readonly probabilities: readonly number[][];
};

export function golden(version: 'v1' | 'v2'): Golden {
  return JSON.parse(readFileSync(path.join(modelFolder(version), 'golden.json'), 'utf8'));
}
