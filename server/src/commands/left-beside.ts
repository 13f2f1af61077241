// Of a model's file, only that file is taken, whatever lies beside it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isLocal } from '../sources/open.ts';
import { localPath } from '../sources/stores/local.ts';

/** @returns what a file of this machine has beside it that belongs to its model, as a sentence; undefined where nothing does */
export function leftBeside(model: string): string | undefined {
  if (!isLocal(model) || !model.endsWith('.onnx')) return undefined;
  const directory = path.dirname(localPath(model));
  const beside = ['model.json', 'golden.json'].filter((name) =>
    existsSync(path.join(directory, name)),
  );
  return beside.length === 0
    ? undefined
    : `${beside.join(' and ')} beside the file are not taken. To take them, name their directory`;
}
