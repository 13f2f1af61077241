// Models that the fetchers of a machine share: each is downloaded once, has a folder by its mark, and is copied from there. Those that were not
// used for longest go where there are too many.
import { constants, copyFile, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../util/command-error.ts';
import { isDiskFull } from './disk-full.ts';
import { atWorkIn, fetchInto, fetchModel, markFor, tellingDisk, type Wanted } from './fetch.ts';
import { withLock } from './lock.ts';
import { isFilled, readMark } from './mark.ts';
import { replaceModel } from './replace.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

export interface Cache {
  readonly directory: string;
  /** That all models in it may have. */
  readonly maxBytes: number;
}

/** When a model was used last: the time of this file in its folder. */
const USED = '.used';

/**
 * As `fetchInto`, by way of the cache. What the cache cannot do, for want of room or of a permission, is said, and done without it.
 * @throws CommandError with what was expected, what came, and how to go on; then the directory is as it was
 */
export async function fetchThrough(cache: Cache, wanted: Wanted): Promise<void> {
  const mark = await markFor(wanted);
  if (mark === undefined) return fetchInto(wanted); // what comes is known when it is there
  if (await isThere(wanted, mark)) return;
  try {
    const workplace = await openWorkplace(cache.directory);
    try {
      await useEntry(cache, mark, wanted, workplace);
      await evict(cache, mark, workplace);
    } finally {
      await workplace.close();
    }
  } catch (error) {
    if (!isOfDisk(error)) throw error;
    wanted.say(
      `FETCH_CACHE_DIR: ${cache.directory} cannot be used (${error.message}). Going on without it.`,
    );
    await fetchInto(wanted);
  }
}

/** Under the entry's lock to the end: nobody removes what is copied. */
async function useEntry(
  { directory }: Cache,
  mark: string,
  wanted: Wanted,
  workplace: Workplace,
): Promise<void> {
  const entry = path.join(directory, mark);
  const fill = { ...wanted, directory: entry, variable: 'FETCH_CACHE_DIR' };
  const use = async () => {
    if (!(await isThere(fill, mark))) await fetchModel(fill);
    await writeFile(path.join(entry, USED), '');
    await utimes(path.join(entry, USED), new Date(), new Date(await workplace.now()));
    await tellingDisk(wanted, () => copyFrom(entry, wanted));
  };
  await withLock(`${entry}.lock`, workplace, use, wanted.limits.timeoutMs);
}

/** Whether the directory holds the model of this mark, which then is said. */
async function isThere({ directory, say }: Wanted, mark: string): Promise<boolean> {
  const isSo = await isFilled(directory, mark);
  if (isSo) say(`${directory} holds the model already.`);
  return isSo;
}

async function copyFrom(entry: string, wanted: Wanted): Promise<void> {
  const { directory, say } = wanted;
  const mark = await readMark(entry);
  if (mark?.sha256 === undefined)
    throw new CommandError(`FETCH_CACHE_DIR: ${entry} was changed by others. Try again.`);
  const { sha256, files } = mark;
  await atWorkIn(wanted, async (workplace) => {
    const folder = path.join(workplace.folder, 'model');
    for (const file of files.keys()) {
      const target = path.join(folder, file);
      await mkdir(path.dirname(target), { recursive: true });
      await copyFile(path.join(entry, file), target, constants.COPYFILE_FICLONE);
    }
    await replaceModel(directory, workplace, { folder, sha256, sums: files }, say);
  });
  say(`${directory} holds the model, copied from the cache.`);
}

/** @param kept the mark of the model that was used just now */
async function evict(
  { directory, maxBytes }: Cache,
  kept: string,
  workplace: Workplace,
): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const entries = await Promise.all(names.map((name) => sizeAndUse(path.join(directory, name))));
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  for (const entry of entries.sort((one, other) => one.usedAt - other.usedAt)) {
    if (bytes <= maxBytes) return;
    if (path.basename(entry.folder) === kept && entry.bytes <= maxBytes) continue;
    // One that is in use stays.
    const remove = () => rm(entry.folder, { recursive: true, force: true });
    await withLock(`${entry.folder}.lock`, workplace, remove, 0).then(
      () => {
        bytes -= entry.bytes;
      },
      (error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
      },
    );
  }
}

interface Entry {
  readonly folder: string;
  readonly bytes: number;
  readonly usedAt: number;
}

async function sizeAndUse(folder: string): Promise<Entry> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      stat(path.join(parentPath, name)).then(
        ({ size }) => size,
        () => 0, // gone by now
      ),
    );
  const usedAt = await stat(path.join(folder, USED)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0, // never filled
  );
  return { folder, bytes: (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0), usedAt };
}

function isOfDisk(error: unknown): error is Error {
  return isDiskFull(error) || (error instanceof Error && 'syscall' in error && 'path' in error);
}
