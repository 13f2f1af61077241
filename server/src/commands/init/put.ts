// Puts a finished project into its folder: all of it or nothing, and over nothing that is there.
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { CommandError } from '../../util/command-error.ts';
import { shellQuoted } from '../shell-quoted.ts';

/** @throws CommandError where one of the names is taken */
export function checkFree(folder: string, names: readonly string[]): void {
  if (isThere(folder) && !existsSync(folder))
    throw new CommandError(
      `init: ${folder} is a link that leads nowhere; expected a new folder, or one to put the project into.`,
    );
  if (!isFree(folder))
    throw new CommandError(
      `init: ${folder} is not a folder; expected a new folder, or one to put the project into.`,
    );
  const taken = names.filter((name) => isThere(path.join(folder, name)));
  if (taken.length === 0) return;
  throw new CommandError(
    `init: ${folder} has ${listed(taken)} already, and nothing was changed. Choose another folder, or move ${taken.length === 1 ? 'it' : 'them'} away and run init again. To serve a model that is there: ml-api serve ${shellQuoted(path.join(folder, 'model'))}.`,
  );
}

/**
 * Without a pause, so that no signal comes between two files.
 * @param made the folder with the project, on the same file system
 * @throws CommandError where it cannot be written; then the folder is as it was
 */
export function put(made: string, folder: string): void {
  const done: string[] = [];
  let first: string | undefined;
  try {
    first = mkdirSync(folder, { recursive: true });
    const entries = readdirSync(made, { withFileTypes: true });
    checkFree(
      folder,
      entries.map(({ name }) => name),
    );
    for (const entry of entries) {
      const [from, to] = [path.join(made, entry.name), path.join(folder, entry.name)];
      if (entry.isDirectory()) renameSync(from, to);
      else copyFileSync(from, to, constants.COPYFILE_EXCL);
      done.push(to);
    }
  } catch (error) {
    for (const one of done) rmSync(one, { recursive: true, force: true });
    if (first !== undefined) removeEmpty(folder, first);
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      `init: ${folder} cannot be written: ${error instanceof Error ? error.message : error}. Nothing was changed.`,
    );
  }
}

/** @param first the uppermost folder that was made */
function removeEmpty(folder: string, first: string): void {
  try {
    for (let one = folder; one.startsWith(first); one = path.dirname(one)) rmdirSync(one);
  } catch {
    // Somebody has put something there meanwhile.
  }
}

/** Whether it is a folder, or may become one. @throws CommandError where its path cannot be one */
function isFree(folder: string): boolean {
  return asked(folder, () => statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? true);
}

function isThere(file: string): boolean {
  return asked(file, () => lstatSync(file, { throwIfNoEntry: false }) !== undefined);
}

function asked(file: string, ask: () => boolean): boolean {
  try {
    return ask();
  } catch (error) {
    throw new CommandError(
      `init: ${file} cannot be made: ${error instanceof Error ? error.message : error}. Choose another folder.`,
    );
  }
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
