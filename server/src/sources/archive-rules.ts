// What an archive of a model may hold. An archive is trusted no further than its SHA-256 goes: whoever made it may have erred.
import path from 'node:path';
import type { ReadEntry } from 'tar';
import { CommandError } from '../util/command-error.ts';
import { quote } from '../util/quote.ts';

/** A model directory has a few; each takes an inode. */
const MOST_FILES = 10_000;
const LONGEST_PATH = 4096;
/** Headers and padding of that many files, and what is skipped. */
const MOST_OVERHEAD_BYTES = 32 * 1024 * 1024;

export interface EntryRules {
  /** Whether to unpack an entry; gives it the permissions of its kind. */
  admit(entry: ReadEntry): boolean;
  /**
   * Why to stop, if there is a reason.
   * @param bytes of the archive that have been read since the last call
   */
  problem(bytes: number): CommandError | undefined;
}

/** @param archive names it at the start of a sentence */
export function createEntryRules(archive: string, maxBytes: number): EntryRules {
  /** Of entries and of the folders on the way to them, by path. */
  const kinds = new Map<string, 'file' | 'directory'>([['.', 'directory']]);
  let files = 0;
  let content = 0;
  let read = 0;
  let problem: CommandError | undefined;

  const refuse = (why: string) => {
    problem ??= new CommandError(`${archive} ${why}. Nothing was changed.`);
  };

  /** The first of the paths on the way to an entry that another entry has made something else. */
  const conflict = (name: string, kind: 'file' | 'directory'): string | undefined => {
    for (
      let folder = path.posix.dirname(name);
      folder !== '.';
      folder = path.posix.dirname(folder)
    ) {
      if (kinds.get(folder) === 'file') return folder;
      kinds.set(folder, 'directory');
    }
    if ((kinds.get(name) ?? kind) !== kind) return name;
    kinds.set(name, kind);
    return undefined;
  };

  return {
    admit(entry) {
      // Links and devices are left out: a model directory has none, and they could lead elsewhere.
      if (entry.type !== 'File' && entry.type !== 'Directory') return false;
      const kind = entry.type === 'File' ? 'file' : 'directory';
      entry.mode = kind === 'file' ? 0o644 : 0o755;
      files++;
      content += entry.size;
      if (!isInside(entry.path))
        refuse(
          `holds the entry ${quote(entry.path)}; expected a relative path without "..", of at most ${LONGEST_PATH} characters`,
        );
      else {
        const found = conflict(path.posix.normalize(entry.path).replace(/\/$/, ''), kind);
        if (found !== undefined)
          refuse(
            `holds ${quote(found)} as a file and as a directory (at its entry ${quote(entry.path)}); expected one of them`,
          );
      }
      if (files > MOST_FILES || kinds.size > MOST_FILES || content > maxBytes)
        refuse(
          `holds more than ${MOST_FILES} files, or than the ${maxBytes} bytes that FETCH_MAX_BYTES allows`,
        );
      return problem === undefined;
    },
    problem(bytes) {
      read += bytes;
      if (read > content + MOST_OVERHEAD_BYTES)
        refuse(
          `has more than ${MOST_OVERHEAD_BYTES} bytes that belong to no file; expected a tar archive of a model directory`,
        );
      return problem;
    },
  };
}

function isInside(name: string): boolean {
  return (
    name.length <= LONGEST_PATH &&
    !path.posix.isAbsolute(name) &&
    !name.includes('\0') &&
    !name.split(/[/\\]/).includes('..')
  );
}
