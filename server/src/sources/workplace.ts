// A fetcher's own folder in the model directory. Fetchers of other pods may have theirs there at the same time, and those that have
// died leave theirs behind; a file that is written all the time says which of both a folder is.
import { randomUUID } from 'node:crypto';
import { rmdirSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';

/** Also that of earlier releases, which all shared one folder of this name. */
export const WORKPLACE = '.fetching';
const BEAT_MS = 2000;
/** A pod that is started anew finds its own folder. */
export const DEAD_HERE_MS = 10 * BEAT_MS;
/** Clients of a shared volume may see a change a minute late. */
const DEAD_ELSEWHERE_MS = 120_000;

export interface Workplace {
  readonly folder: string;
  /** The time by the volume's clock, which all its fetchers share. */
  now(): Promise<number>;
  /** Removes it. */
  close(): Promise<void>;
}

/** Makes a folder in a directory, which need not be there, and removes those of the dead. */
export async function openWorkplace(directory: string): Promise<Workplace> {
  const made = await makeFolders(path.resolve(directory));
  const folder = path.join(directory, `${WORKPLACE}-${hostname()}-${randomUUID()}`);
  await mkdir(folder);
  const removeAtExit = () => {
    rmSync(folder, { recursive: true, force: true });
    removeEmpty(made);
  };
  process.once('exit', removeAtExit); // as a signal makes it
  const alive = await open(path.join(folder, 'alive'), 'w');
  const beat = () => alive.write('.', 0); // in its place: a full disk has room for it
  await beat();
  const timer = setInterval(() => beat().catch(() => {}), BEAT_MS);
  const now = async () => {
    await beat();
    return (await alive.stat()).mtimeMs;
  };
  await removeDead(directory, folder, await now());
  return {
    folder,
    now,
    async close() {
      clearInterval(timer);
      await alive.close();
      // What was stopped may still be making its last file: then the folder is not empty at once.
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      removeEmpty(made);
      process.off('exit', removeAtExit);
    },
  };
}

/**
 * One by one: where a file system answers to mkdir that the parent is missing, as /proc does, Node's recursive one tries for ever.
 * @returns those that were missing, the deepest first
 */
async function makeFolders(directory: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = directory; !(await exists(folder)); folder = path.dirname(folder))
    missing.push(folder);
  const made: string[] = [];
  for (const folder of missing.toReversed())
    try {
      await mkdir(folder);
      made.unshift(folder);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue; // another fetcher is as far
      removeEmpty(made);
      throw error;
    }
  return missing;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Where nothing was brought, nothing is left. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) rmdirSync(folder);
  } catch {
    // It holds a model, or another fetcher's things.
  }
}

async function removeDead(directory: string, own: string, now: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const folder = path.join(directory, name);
    if (!name.startsWith(WORKPLACE) || folder === own) continue;
    const limit = isOfThisHost(name) ? DEAD_HERE_MS : DEAD_ELSEWHERE_MS;
    if (now - (await lastChange(folder)) > limit)
      await rm(folder, { recursive: true, force: true }).catch(() => {}); // another removes it, too
  }
}

/** @param name of a fetcher's folder */
export function isOfThisHost(name: string): boolean {
  return name.startsWith(`${WORKPLACE}-${hostname()}-`);
}

async function lastChange(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(
    [folder, ...names.map((name) => path.join(folder, name))].map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
