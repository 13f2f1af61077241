// One fetcher at a time changes a model directory, which takes milliseconds: what is changed has been downloaded before. And one at a time
// fills a folder of the cache, which takes as long as a download.
import { readFileSync, rmSync } from 'node:fs';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../util/command-error.ts';
import { DEAD_HERE_MS, isOfThisHost, type Workplace } from './workplace.ts';

/** A lock as old as this is of a fetcher that has died: the living write theirs anew. Of this host, sooner, by the same clock. */
const DEAD_MS = 60_000;
const BEAT_MS = DEAD_HERE_MS / 6;
const WAIT_MS = 3 * DEAD_MS;
const POLL_MS = 100;

/** Nothing is said for no longer than this: who reads the log shall know that something is waited for. */
const QUIET_MS = 10_000;

interface Waiting {
  /** For others; 0: not at all. */
  readonly waitMs?: number;
  /** Is told once of others that take long. */
  readonly say?: (line: string) => void;
}

/** @throws CommandError when others hold the lock for longer, and what the disk fails with */
export async function withLock<T>(
  file: string,
  { folder, now }: Workplace,
  work: () => Promise<T>,
  { waitMs = WAIT_MS, say = () => {} }: Waiting,
): Promise<T> {
  const began = performance.now();
  let hasSaid = false;
  while (!(await take(file, folder))) {
    if (await isDead(file, now)) {
      await removeDead(file, folder);
      continue;
    }
    const waitedMs = performance.now() - began;
    if (waitedMs >= waitMs)
      throw new CommandError(
        `${file} has been held by another process for ${waitMs} ms. Remove it if nothing fetches a model into this directory.`,
      );
    if (waitedMs > QUIET_MS && !hasSaid) {
      say(`${file} is held by another fetch. Waiting for up to ${waitMs} ms.`);
      hasSaid = true;
    }
    await sleep(POLL_MS);
  }
  const removeAtExit = () => removeOwn(file, folder); // as a signal makes it
  process.once('exit', removeAtExit);
  const isOurs = async () => (await readFile(file, 'utf8').catch(() => '')) === folder;
  const beat = setInterval(async () => {
    if (await isOurs()) await writeFile(file, folder).catch(() => {});
  }, BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off('exit', removeAtExit);
    if (await isOurs()) await rm(file, { force: true });
  }
}

async function isDead(file: string, now: Workplace['now']): Promise<boolean> {
  const taken = await stat(file).catch(() => undefined);
  if (taken === undefined) return false;
  const holder = await readFile(file, 'utf8').catch(() => '');
  const limit = isOfThisHost(path.basename(holder)) ? DEAD_HERE_MS : DEAD_MS;
  return (await now()) - taken.mtimeMs > limit;
}

/** Renamed rather than removed: of two that wait, one does it. @throws where it belongs to another user, and the directory to all */
async function removeDead(file: string, folder: string): Promise<void> {
  await rename(file, path.join(folder, 'dead-lock')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

function removeOwn(file: string, folder: string): void {
  try {
    if (readFileSync(file, 'utf8') === folder) rmSync(file);
  } catch {
    // Others have removed it.
  }
}

/** Holds the name of the holder's folder. */
async function take(file: string, folder: string): Promise<boolean> {
  const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (handle === undefined) return false;
  try {
    await handle.writeFile(folder);
    return true;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
