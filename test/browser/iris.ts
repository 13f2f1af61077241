// The iris models of this repository, and flowers that they were tried with.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export const irisModel = (version: 'v1' | 'v2') =>
  path.resolve(import.meta.dirname, '../../model', version);

/** v1 with other names of its features. */
export function irisWithNames(names: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'iris-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const file of ['model.onnx', 'model.json'])
    cpSync(path.join(irisModel('v1'), file), path.join(folder, file));
  const manifest = path.join(folder, 'model.json');
  const { features, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
  const named = features.map((feature: object, i: number) => ({ ...feature, name: names[i] }));
  writeFileSync(manifest, JSON.stringify({ ...rest, features: named }));
  return folder;
}

const golden = (version: 'v1' | 'v2'): { inputs: number[][]; labels: string[] } =>
  JSON.parse(readFileSync(path.join(irisModel(version), 'golden.json'), 'utf8'));

export const FEATURES = ['sepal length', 'sepal width', 'petal length', 'petal width'];

/** Flowers as CSV, with a header: all, or each that many places after the one before. */
export function flowersAsCsv(each = 1): string {
  const rows = golden('v1').inputs.filter((_, i) => i % each === 0);
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
