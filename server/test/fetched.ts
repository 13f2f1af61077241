// What a fetch brings into a directory.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fetchInto, type Wanted } from '../src/sources/fetch.ts';
import { folder } from './file-server.ts';

export const limits = { timeoutMs: 60_000, stallMs: 20_000, maxBytes: 1e9 };

/** The files of a model, by path, without those that a fetch adds. */
export async function fetchedFiles(
  uri: string,
  wanted: Partial<Wanted> = {},
): Promise<Record<string, Buffer>> {
  const directory = folder();
  await fetchInto({
    uri,
    sha256: undefined,
    directory,
    variable: '--dir',
    form: 'model',
    limits,
    env: {},
    say: () => {},
    progress: () => ({ add: () => {}, end: () => {}, say: () => {} }),
    ...wanted,
  });
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .filter((name) => !['.model-sha256', 'model.lock.json'].includes(name));
  return Object.fromEntries(
    names.sort().map((name) => [name, readFileSync(path.join(directory, name))]),
  );
}
