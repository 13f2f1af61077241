// What stands in a directory where a model is to go. All of it is looked at before anything is moved: what cannot be replaced is refused
// while nothing has changed.
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../util/command-error.ts';

/**
 * @param files of the model, by their paths in the directory
 * @param fetched files that came with the model before
 * @returns files in the way that did not: they are the user's own
 * @throws CommandError for a link that leads out of the directory, and for a folder in the place of a file
 */
export async function filesInTheWay(
  directory: string,
  files: ReadonlySet<string>,
  fetched: ReadonlySet<string>,
): Promise<string[]> {
  const found = new Map<string, Promise<Stats | undefined>>();
  const at = (name: string) => {
    const stats = found.get(name) ?? lstatOf(path.join(directory, name));
    found.set(name, stats);
    return stats;
  };
  const own = new Set<string>();

  for (const file of new Set([...fetched, ...files]))
    for (const folder of foldersOf(file)) {
      const stats = await at(folder);
      if (stats?.isSymbolicLink())
        throw new CommandError(
          `${path.join(directory, folder)} is a symbolic link, which may lead out of ${directory}; expected a folder for ${file}. Nothing was changed. Remove the link, or name another directory.`,
        );
      if (stats?.isDirectory()) continue;
      if (stats !== undefined && files.has(file) && !fetched.has(folder)) own.add(folder);
      break;
    }

  for (const file of files) {
    const stats = await at(file);
    if (stats?.isDirectory()) {
      if (!(await goesAway(directory, file, fetched)))
        throw new CommandError(
          `${path.join(directory, file)} is a folder; expected nothing, or a file, where the model has a file. Nothing was changed. Move the folder away, or name another directory.`,
        );
    } else if (stats !== undefined && !fetched.has(file)) own.add(file);
  }
  return [...own];
}

/** The folders on the way to a file, from the top. */
export function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_part, i) => parts.slice(0, i + 1).join('/'));
}

/** Whether a folder is gone once the files that came with the model before are. */
async function goesAway(
  directory: string,
  folder: string,
  fetched: ReadonlySet<string>,
): Promise<boolean> {
  const entries = await readdir(path.join(directory, folder), {
    recursive: true,
    withFileTypes: true,
  });
  const leaving = new Set([...fetched].flatMap(foldersOf));
  return (
    leaving.has(folder) &&
    entries.every((entry) => {
      const name = path.relative(directory, path.join(entry.parentPath, entry.name));
      return entry.isDirectory() ? leaving.has(name) : fetched.has(name);
    })
  );
}

async function lstatOf(file: string): Promise<Stats | undefined> {
  return lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
