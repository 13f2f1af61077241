// The iris models of this repository, and flowers that they were tried with.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const irisModel = (version: 'v1' | 'v2') =>
  path.resolve(import.meta.dirname, '../../model', version);

const golden = (version: 'v1' | 'v2'): { inputs: number[][]; labels: string[] } =>
  JSON.parse(readFileSync(path.join(irisModel(version), 'golden.json'), 'utf8'));

export const FEATURES = ['sepal length', 'sepal width', 'petal length', 'petal width'];

/** Flowers as CSV, with a header. */
export function flowersAsCsv(count?: number): string {
  const rows = golden('v1').inputs.slice(0, count);
  return [FEATURES, ...rows].map((row) => row.join(',')).join('\n');
}

/** The places of the flowers that the versions take for different kinds. */
export function differing() {
  const [one, two] = [golden('v1'), golden('v2')];
  const rows = one.labels.flatMap((label, i) => (label === two.labels[i] ? [] : [i]));
  const [first = 0] = rows;
  return {
    rows,
    all: one.labels.length,
    inputs: one.inputs[first] ?? [],
    labels: [one.labels[first], two.labels[first]],
  };
}
