// Writes files that belong together.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from './cli-error.ts';

/**
 * Writes all of the files, or none. Folders are made where they are missing.
 * @param files texts by path
 * @param between done once everything has been written under other names, and before it takes its places
 * @throws CliError where a file cannot be written; what was there before is as it was
 */
export async function writeTogether(
  files: ReadonlyMap<string, string>,
  between: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = (file: string) => `${file}.${process.pid}.tmp`;
  const folders: string[] = []; // made here, the outer ones first
  try {
    for (const [file, text] of files) {
      const folder = await mkdir(path.dirname(file), { recursive: true });
      if (folder !== undefined) folders.push(folder);
      await writeFile(temporary(file), text);
    }
    await between();
  } catch (error) {
    for (const file of files.keys()) await rm(temporary(file), { force: true }).catch(() => {});
    for (const folder of folders.reverse()) await rm(folder, { recursive: true, force: true });
    throw new CliError(
      `--out: ${error instanceof Error ? error.message : error}. Nothing was written.`,
    );
  }
  for (const file of files.keys()) await rename(temporary(file), file);
}
