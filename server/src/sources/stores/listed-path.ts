// Names that a store lists. Whoever may write to the store chose them.
import { CommandError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import { MOST_FILES } from '../paths.ts';

/**
 * @param store names it at the start of a sentence
 * @throws CommandError for a path that could lead out of the model directory, or to another object when it becomes part of a URL
 */
export function checkPath(path: string, store: string): string {
  const parts = path.split('/');
  if (
    path.length > 1024 ||
    /[\p{Cc}\\]/u.test(path) ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  )
    throw new CommandError(
      `${store} lists the file ${quote(path)}; expected a relative path without "..", empty names, backslashes and control characters. Rename it there.`,
    );
  return path;
}

/** @throws CommandError where a model has more files than any model has: a listing without an end must not fill the memory */
export function checkCount(count: number, store: string): void {
  if (count > MOST_FILES)
    throw new CommandError(
      `${store} lists more than ${MOST_FILES} files; expected the folder of one model. Name that folder.`,
    );
}

/** A path as a part of a URL: each name escaped, the slashes kept. */
export function inUrl(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
