// What is built lies in the user's cache by its content's hash: a later run finds it, and a changed version is built anew.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ClusterError } from '../cluster-error.ts';

const cache = path.join(
  process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'),
  'ml-api-cluster',
);
const gibibyte = 1024 ** 3;

/**
 * The folder of something built from these inputs: from the cache, or built now into the empty folder that `build`
 * gets. An interrupted build leaves nothing that would be taken for a whole one.
 */
export async function cached(
  name: string,
  inputs: readonly (string | Buffer)[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(process.arch);
  for (const input of inputs) hash.update('\0').update(input);
  const folder = path.join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;

  mkdirSync(cache, { recursive: true });
  removeAbandoned();
  assertFree(cache, 1, 'to keep what is built');
  const unfinished = `${folder}.${process.pid}.unfinished`;
  mkdirSync(unfinished);
  await build(unfinished);
  renameSync(unfinished, folder);
  return folder;
}

/** Removes what runs have left that ended early. What others build at the same time stays. */
function removeAbandoned(): void {
  for (const entry of readdirSync(cache)) {
    const [, pid] = /\.(\d+)\.unfinished$/.exec(entry) ?? [];
    if (pid !== undefined && (pid === String(process.pid) || !isRunning(Number(pid)))) {
      rmSync(path.join(cache, entry), { recursive: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** @throws {ClusterError} where less than so many GiB are free on a folder's disk. */
export function assertFree(folder: string, gibibytes: number, purpose: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / gibibyte;
  if (free >= gibibytes) return;
  throw new ClusterError(
    `The disk of ${folder} is full: ${gibibytes} GiB are needed ${purpose}, ${free.toFixed(1)} GiB are free. Free some, for example with "go clean -cache" or by removing ${cache}.`,
  );
}
