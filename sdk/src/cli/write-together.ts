// Writes files that belong together.
import {
  cpSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { CliError } from './cli-error.ts';
import { endBetweenSteps } from './whole-steps.ts';

/**
 * Writes all of the files and removes others, or does nothing. Folders are made where they are missing.
 * Nothing is waited for in it, so no signal ends the process halfway.
 * @param files texts by path, in the order in which they take their places
 * @param removed files that go
 * @throws CliError where that cannot be done; what was there before is as it was
 */
export function writeTogether(
  files: ReadonlyMap<string, string>,
  removed: readonly string[] = [],
): void {
  const next = (file: string) => `${file}.${process.pid}.tmp`;
  const before = (file: string) => `${file}.${process.pid}.old`;
  const made: string[] = []; // folders, the outer ones first
  const changed: string[] = [];
  const clean = () => {
    for (const file of [...removed, ...files.keys()])
      for (const beside of [next(file), before(file)])
        if (found(beside) !== undefined) rmSync(beside, { force: true });
  };
  endBetweenSteps();
  try {
    for (const [file, text] of files) {
      makeFolders(path.dirname(file), made);
      writeFileSync(next(file), text);
    }
    for (const file of [...removed, ...files.keys()]) keep(file, before(file));
    for (const file of removed) {
      changed.push(file);
      rmSync(file, { force: true });
    }
    for (const file of files.keys()) {
      renameSync(next(file), file);
      changed.push(file);
    }
  } catch (error) {
    for (const file of changed.toReversed())
      if (found(before(file))) renameSync(before(file), file);
      else rmSync(file, { force: true });
    clean();
    removeEmpty(made);
    throw new CliError(`--out: ${problemOf(error)}. Nothing was written.`);
  }
  clean();
}

/**
 * One by one: where a file system answers to mkdir that the parent is missing, as /proc does, Node's recursive one tries for ever.
 * @param made gets those that were missing
 */
function makeFolders(folder: string, made: string[]): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolders(parent, made);
  try {
    mkdirSync(folder);
    made.push(folder);
  } catch (error) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error; // else another one is as far
  }
}

/** Of what others may have put something into meanwhile, nothing goes. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders.toReversed()) rmdirSync(folder);
  } catch {
    // it holds something
  }
}

/** Copies a file, where there is one, to where it comes back from. @throws Error where something else is there */
function keep(file: string, copy: string): void {
  const there = found(file);
  if (there?.isDirectory())
    throw new Error(`${file} is a folder; expected a file, or nothing. Move it elsewhere`);
  if (there !== undefined) cpSync(file, copy, { verbatimSymlinks: true });
}

/** Undefined, too, where a part of its path is a file. */
function found(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path: place } = error as NodeJS.ErrnoException;
  return code === 'ENOTDIR' || code === 'EEXIST'
    ? `${place} is a file, or lies in one; expected a folder, or nothing`
    : error.message;
}
