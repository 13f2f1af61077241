// Which entry of a cache each place had last: when a store is down, nobody else says it.
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Workplace } from './workplace.ts';

/** Holds a file for each origin, with the name of an entry. */
const FOLDER = '.origins';
const ENTRY = /^[0-9a-f]{64}$/;
/** Origins without an entry are forgotten where there are more. */
const MOST = 1000;

/** Whoever may not write there goes without: it is of use only while a store is down. */
export async function rememberEntry(
  cache: string,
  origin: string,
  entry: string,
  { folder }: Workplace,
): Promise<void> {
  if ((await rememberedEntry(cache, origin)) === entry) return;
  try {
    await mkdir(path.join(cache, FOLDER), { recursive: true });
    const written = path.join(folder, 'origin');
    await writeFile(written, entry);
    await rename(written, path.join(cache, FOLDER, origin));
    await forgetMissing(cache);
  } catch {
    // Another user's, or no room.
  }
}

export async function rememberedEntry(cache: string, origin: string): Promise<string | undefined> {
  const file = path.join(cache, FOLDER, origin);
  const found = await stat(file).catch(() => undefined);
  // Others can write there: a pipe has no end.
  if (!found?.isFile() || found.size !== 64) return undefined;
  const entry = await readFile(file, 'utf8').catch(() => '');
  return ENTRY.test(entry) ? entry : undefined;
}

async function forgetMissing(cache: string): Promise<void> {
  const origins = await readdir(path.join(cache, FOLDER));
  if (origins.length <= MOST) return;
  const entries = new Set(await readdir(cache));
  for (const origin of origins) {
    const entry = await rememberedEntry(cache, origin);
    if (entry === undefined || !entries.has(entry))
      await rm(path.join(cache, FOLDER, origin), { recursive: true, force: true });
  }
}
