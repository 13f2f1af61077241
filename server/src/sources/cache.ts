// Models that the fetchers of a machine share: each is downloaded once, has a folder by its mark, and is copied from there. Those that were not
// used for longest go where there are too many.
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../util/command-error.ts';
import { UnavailableError } from './attempts.ts';
import { rememberEntry, rememberedEntry } from './cache-memory.ts';
import { isDiskFull } from './disk-full.ts';
import { hasEarlier, noteOrigin, originOf } from './earlier.ts';
import {
  atWorkIn,
  fetchInto,
  fetchModel,
  markFor,
  tellingDisk,
  UnwritableError,
  type Wanted,
} from './fetch.ts';
import { withLock } from './lock.ts';
import { isFilled, readMark } from './mark.ts';
import { Received } from './received.ts';
import { replaceModel } from './replace.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

export interface Cache {
  readonly directory: string;
  /** That all models in it may have. */
  readonly maxBytes: number;
}

/** When a model was used last: the time of this file in its folder. */
const USED = '.used';

const READ_AT_ONCE = 256 * 1024;

/**
 * As `fetchInto`, by way of the cache. What the cache cannot do, for want of room or of a permission, is said, and done without it.
 * @throws CommandError with what was expected, what came, and how to go on; then the directory is as it was
 */
export async function fetchThrough(cache: Cache, wanted: Wanted): Promise<void> {
  try {
    await fetchOrCopy(cache, wanted);
  } catch (error) {
    if (await hasEarlier(wanted, error)) return;
    if (!(await copyEarlier(cache, wanted, error))) throw error;
  }
}

async function fetchOrCopy(cache: Cache, wanted: Wanted): Promise<void> {
  const mark = await markFor(wanted);
  if (mark === undefined) return fetchInto(wanted); // what comes is known when it is there
  if (await isFilled(wanted.directory, mark)) {
    wanted.say(`${wanted.directory} holds the model already.`);
    return noteOrigin(wanted, mark);
  }
  try {
    const workplace = await openWorkplace(cache.directory);
    try {
      await useMakingRoom(cache, mark, wanted, workplace);
      if (wanted.sha256 === undefined)
        await rememberEntry(cache.directory, originOf(wanted), mark, workplace);
      const tooMuch = await evict(cache, mark, workplace);
      if (tooMuch > 0)
        wanted.say(
          `FETCH_CACHE_DIR: ${cache.directory} holds ${tooMuch} bytes more than FETCH_CACHE_MAX_BYTES allows: models that are in use, or another user's.`,
        );
    } finally {
      await workplace.close();
    }
  } catch (error) {
    const why =
      error instanceof UnwritableError && error.directory !== wanted.directory
        ? error.cause
        : error;
    if (!isOfDisk(why)) throw error;
    wanted.say(
      `FETCH_CACHE_DIR: ${cache.directory} cannot be used (${why.message}). Going on without it.`,
    );
    await fetchInto(wanted);
  }
}

/** @returns whether the cache held what was fetched for the same place last, and the directory holds it now */
async function copyEarlier(
  { directory }: Cache,
  wanted: Wanted,
  failure: unknown,
): Promise<boolean> {
  const isWanted = wanted.keepsEarlier === true && wanted.sha256 === undefined;
  if (!(failure instanceof UnavailableError) || !isWanted) return false;
  const mark = await rememberedEntry(directory, originOf(wanted));
  if (mark === undefined) return false;
  const workplace = await openWorkplace(directory).catch(() => undefined);
  if (workplace === undefined) return false;
  try {
    const entry = path.join(directory, mark);
    const copy = () => copyFrom(entry, mark, wanted, workplace);
    const isCopied = await withLock(`${entry}.lock`, workplace, copy, { say: wanted.say });
    if (isCopied) wanted.say(`${failure.message} Going on with the model of an earlier fetch.`);
    return isCopied;
  } finally {
    await workplace.close();
  }
}

/** Where the disk is full before the cache is, the models that were not used for longest go for those that are wanted. */
async function useMakingRoom(
  cache: Cache,
  mark: string,
  wanted: Wanted,
  workplace: Workplace,
): Promise<void> {
  for (;;) {
    try {
      return await useEntry(cache, mark, wanted, workplace);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      const maxBytes = sumOf(await entriesOf(cache.directory)) - 1;
      if ((await evict({ ...cache, maxBytes }, mark, workplace)) > 0) throw error;
      wanted.say(
        `FETCH_CACHE_DIR: ${cache.directory} is full. Removed what was unused for longest.`,
      );
    }
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
  const use = async () => {
    if (await copyFrom(entry, mark, wanted, workplace))
      return wanted.say(`${entry} held the model already.`);
    await fetchModel({ ...wanted, directory: entry, variable: 'FETCH_CACHE_DIR' });
    if (!(await copyFrom(entry, mark, wanted, workplace)))
      throw new CommandError(
        `FETCH_CACHE_DIR: ${entry} was changed by another process. Try again.`,
      );
  };
  await withLock(`${entry}.lock`, workplace, use, {
    waitMs: wanted.limits.timeoutMs,
    say: wanted.say,
  });
}

/** @returns whether the entry held the model of this mark, every file as it came */
async function copyFrom(
  entry: string,
  mark: string,
  wanted: Wanted,
  cacheWorkplace: Workplace,
): Promise<boolean> {
  const { directory, say } = wanted;
  const filled = await readMark(entry);
  if (filled?.sha256 !== mark || filled.files.size === 0) return false;
  await noteUse(entry, cacheWorkplace);
  let isWhole = true;
  await tellingDisk(wanted, () =>
    atWorkIn(wanted, async (workplace) => {
      const folder = path.join(workplace.folder, 'model');
      for (const [file, sum] of filled.files)
        isWhole &&= await copyChecked(path.join(entry, file), path.join(folder, file), sum);
      if (isWhole)
        await replaceModel(
          directory,
          workplace,
          { folder, sha256: mark, origin: originOf(wanted), sums: filled.files },
          say,
        );
    }),
  );
  if (isWhole) say(`${directory} holds the model, copied from the cache.`);
  return isWhole;
}

/**
 * Copies a file, and sums the copy meanwhile: one after the other would take twice as long.
 * @returns whether the copy has the sum; where not, it is worth nothing
 * @throws what the disk fails with
 */
async function copyChecked(from: string, to: string, sum: string): Promise<boolean> {
  // A pipe has no end, and cannot even be opened.
  if (!(await stat(from).catch(() => undefined))?.isFile()) return false;
  await mkdir(path.dirname(to), { recursive: true });
  const handle = await open(to, 'w+');
  try {
    const received = new Received(handle, () => {});
    const part = received.part(0);
    for await (const chunk of createReadStream(from, { highWaterMark: READ_AT_ONCE }))
      await part.add(chunk);
    await part.finish();
    return (await received.finish()) === sum;
  } finally {
    await handle.close();
  }
}

/** Who may read an entry that another user has filled may use it, too. */
async function noteUse(entry: string, workplace: Workplace): Promise<void> {
  try {
    await writeFile(path.join(entry, USED), '');
    await utimes(path.join(entry, USED), new Date(), new Date(await workplace.now()));
  } catch (error) {
    if (!isNotAllowed(error)) throw error;
  }
}

function isNotAllowed(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['EACCES', 'EPERM'].includes(String(error.code))
  );
}

/**
 * Removes what was unused for longest where the cache holds too much.
 * @param kept the mark of the model that is used now
 * @returns how many bytes it holds too much all the same
 */
async function evict(
  { directory, maxBytes }: Cache,
  kept: string,
  workplace: Workplace,
): Promise<number> {
  const entries = await entriesOf(directory);
  let bytes = sumOf(entries);
  for (const entry of entries.sort((one, other) => one.usedAt - other.usedAt)) {
    if (bytes <= maxBytes) return 0;
    if (path.basename(entry.folder) === kept && entry.bytes <= maxBytes) continue;
    const remove = () => rm(entry.folder, { recursive: true, force: true });
    await withLock(`${entry.folder}.lock`, workplace, remove, { waitMs: 0 }).then(
      () => {
        bytes -= entry.bytes;
      },
      (error: unknown) => {
        if (!(error instanceof CommandError || isNotAllowed(error))) throw error; // in use, or another user's
      },
    );
  }
  return Math.max(0, bytes - maxBytes);
}

async function entriesOf(directory: string): Promise<Entry[]> {
  const names = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return Promise.all(names.map((name) => sizeAndUse(path.join(directory, name))));
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
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
