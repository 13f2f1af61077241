// What an earlier fetch of the same place has left in a directory: for when the store is down.
import { hash } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../util/command-error.ts';
import { UnavailableError } from './attempts.ts';
import { identityOf } from './identity.ts';
import { withLock } from './lock.ts';
import { isFilled, MARK, readMark, writeMark } from './mark.ts';
import type { Form } from './remote.ts';
import { LOCK } from './replace.ts';
import { openWorkplace } from './workplace.ts';

export interface Place {
  readonly uri: string;
  readonly env: NodeJS.ProcessEnv;
  readonly form: Form;
}

/** What tells a place and what is wanted of it from all others; no secret. */
export function originOf({ uri, env, form }: Place): string {
  return hash('sha256', `${identityOf(uri, env)}\n${form}`);
}

export interface Wish extends Place {
  readonly directory: string;
  readonly sha256: string | undefined;
  /** Whether a model that was fetched from the same place before will do while its store is down; false where it is left out. */
  readonly keepsEarlier?: boolean;
  readonly say: (line: string) => void;
}

/** Notes that a directory, which holds the model already, holds what this place has. Where it cannot be written, nothing is noted. */
export async function noteOrigin(wish: Wish, sha256: string): Promise<void> {
  const { directory } = wish;
  const origin = originOf(wish);
  if ((await readMark(directory))?.origin === origin) return;
  try {
    const workplace = await openWorkplace(directory);
    const note = async () => {
      const mark = await readMark(directory);
      if (mark?.sha256 !== sha256) return; // another fetch has replaced it
      const noted = path.join(workplace.folder, 'mark');
      await writeMark(noted, { ...mark, origin });
      await rename(noted, path.join(directory, MARK));
    };
    try {
      await withLock(path.join(directory, LOCK), workplace, note, { waitMs: 0 });
    } finally {
      await workplace.close();
    }
  } catch {
    // The next fetch asks the store again in any case.
  }
}

/**
 * @param failure of the fetch
 * @returns whether the directory holds what will do in place of what could not be fetched; then that is said
 * @throws the failure, where it would do if that were asked for
 */
export async function hasEarlier(wish: Wish, failure: unknown): Promise<boolean> {
  const { directory, keepsEarlier = false, say } = wish;
  // A sum names one model: had the directory held that, nothing would have been fetched.
  if (!(failure instanceof UnavailableError) || wish.sha256 !== undefined) return false;
  const mark = await readMark(directory);
  if (mark?.sha256 === undefined || mark.origin !== originOf(wish)) return false;
  if (!(await isFilled(directory, mark.sha256))) return false;
  const { mtime } = await stat(path.join(directory, MARK));
  const held = `${directory} holds the model that was fetched from there at ${mtime.toISOString()}`;
  if (!keepsEarlier)
    throw new CommandError(
      `${failure.message} ${held}: FETCH_IF_UNAVAILABLE=keep goes on with it.`,
    );
  say(`${failure.message} ${held}. Going on with it.`);
  return true;
}
