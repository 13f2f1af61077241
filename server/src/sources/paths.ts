// The paths of a model's files. Whoever wrote the archive or the store chose them: none may lead out of the directory, and none be a file
// in one place and a folder in another.
import path from 'node:path';
import { quote } from '../util/quote.ts';

/** A model directory has a few; each takes an inode. */
export const MOST_FILES = 10_000;
const LONGEST_PATH = 4096;

type Kind = 'file' | 'directory';

export interface Paths {
  /** @returns what is wrong with a path, after a subject such as "The archive"; undefined for nothing */
  add(name: string, kind: Kind): string | undefined;
}

export function createPaths(): Paths {
  /** Of entries and of the folders on the way to them, by path. */
  const kinds = new Map<string, Kind>([['.', 'directory']]);
  /** Folders take an inode, too. */
  const left = { file: MOST_FILES, directory: MOST_FILES };

  const put = (name: string, kind: Kind) => {
    if (!kinds.has(name)) left[kind]--;
    kinds.set(name, kind);
  };

  /** The first of the paths on the way to an entry that another entry has made something else. */
  const conflict = (name: string, kind: Kind): string | undefined => {
    for (
      let folder = path.posix.dirname(name);
      folder !== '.';
      folder = path.posix.dirname(folder)
    ) {
      if (kinds.get(folder) === 'file') return folder;
      put(folder, 'directory');
    }
    if ((kinds.get(name) ?? kind) !== kind) return name;
    put(name, kind);
    return undefined;
  };

  return {
    add(name, kind) {
      if (!isInside(name))
        return `holds the entry ${quote(name)}; expected a relative path without "..", backslashes and control characters, of at most ${LONGEST_PATH} characters`;
      const found = conflict(path.posix.normalize(name).replace(/\/$/, ''), kind);
      if (found !== undefined)
        return `holds ${quote(found)} as a file and as a directory (at its entry ${quote(name)}); expected one of them`;
      return Math.min(left.file, left.directory) < 0
        ? `holds more than ${MOST_FILES} files, or folders`
        : undefined;
    },
  };
}

/**
 * Whether a name on the way to a file begins with a dot. No model has such files; a working copy of git, a desktop or a notebook does, and some
 * act where they lie, as hooks do.
 */
export function isHidden(file: string): boolean {
  return file.split('/').some((part) => part.startsWith('.') && part !== '.' && part !== '..');
}

function isInside(name: string): boolean {
  return (
    name.length <= LONGEST_PATH &&
    !path.posix.isAbsolute(name) &&
    !/[\p{Cc}\\]/u.test(name) &&
    !name.split('/').includes('..')
  );
}
