// Writes files that belong together.
import { lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from './cli-error.ts';
import { undoneWhenStopped } from './when-stopped.ts';

/**
 * Writes all of the files and removes others, or does nothing. Folders are made where they are missing.
 * @param files texts by path, in the order in which they take their places
 * @param removed files that go
 * @throws CliError where that cannot be done; what was there before is as it was
 */
export async function writeTogether(
  files: ReadonlyMap<string, string>,
  removed: readonly string[] = [],
): Promise<void> {
  const next = (file: string) => `${file}.${process.pid}.tmp`;
  const before = (file: string) => `${file}.${process.pid}.old`;
  const made: string[] = []; // folders, the outer ones first
  const changed: string[] = [];
  const clean = () => {
    for (const file of [...removed, ...files.keys()])
      for (const beside of [next(file), before(file)]) rmSync(beside, { force: true });
  };
  const undo = () => {
    for (const file of changed.toReversed())
      if (found(before(file))) renameSync(before(file), file);
      else rmSync(file, { force: true });
    clean();
    for (const folder of made.toReversed()) rmSync(folder, { recursive: true, force: true });
  };
  const done = undoneWhenStopped(undo);
  try {
    for (const [file, text] of files) {
      const folder = await mkdir(path.dirname(file), { recursive: true });
      if (folder !== undefined) made.push(folder);
      await writeFile(next(file), text);
    }
    for (const file of [...removed, ...files.keys()]) await keep(file, before(file));
    // All at once: no signal is heard in between.
    for (const file of removed) {
      changed.push(file);
      rmSync(file, { force: true });
    }
    for (const file of files.keys()) {
      renameSync(next(file), file);
      changed.push(file);
    }
  } catch (error) {
    undo();
    throw new CliError(
      `--out: ${error instanceof Error ? error.message : error}. Nothing was written.`,
    );
  } finally {
    done();
  }
  clean();
}

/** Copies a file, where there is one, to where it comes back from. @throws Error where something else is there */
async function keep(file: string, copy: string): Promise<void> {
  const there = found(file);
  if (there?.isDirectory())
    throw new Error(`${file} is a folder; expected a file, or nothing. Move it elsewhere`);
  if (there !== undefined) await cp(file, copy, { verbatimSymlinks: true });
}

function found(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}
