// Directories of several models, for the tests of them.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { testModel } from './start.ts';

const models = fileURLToPath(new URL('../../model/', import.meta.url));

/** A directory of models; removed when the test ends. */
export function modelsDir(places: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'models-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [place, model] of Object.entries(places))
    cpSync(model, path.join(root, place), { recursive: true });
  return root;
}

/** One of them in two versions, and names that are hard to have. */
export const fiveModels = () =>
  modelsDir({
    iris: path.join(models, 'v1'),
    'flowers/1': path.join(models, 'v1'),
    'flowers/2': path.join(models, 'v2'),
    'two-inputs': testModel('two-inputs'),
    ['__proto__']: testModel('text'), // computed, or it would be the prototype
    'a model, 模型': testModel('line'),
  });
