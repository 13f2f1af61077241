// The transfer: files from a store into a folder, several at a time, with a limit of bytes for all together.
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { CommandError } from '../util/command-error.ts';
import type { Attempts, Limits } from './attempts.ts';
import { createPaths } from './paths.ts';
import { MAY_BE_REPLACED, receiveFile } from './receive.ts';
import { Received } from './received.ts';
import type { RemoteFile } from './remote.ts';
import { together } from './together.ts';

/** What came of a file. */
export interface Transferred {
  readonly path: string;
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

/** Hears of bytes as they come; a negative number takes some back. */
export type Progress = (bytes: number) => void;

/** Files, and requests for them and their parts: enough to keep a store busy. */
const AT_ONCE = 4;

/**
 * Downloads files, each to its path below a folder, and leaves them on the disk.
 * @param name of where they come from
 * @throws CommandError with what was expected, what came, and how to go on
 */
export async function transfer(
  files: readonly RemoteFile[],
  folder: string,
  { name, limits, end, say }: Attempts,
  progress: Progress,
): Promise<readonly Transferred[]> {
  checkPaths(files, name);
  const budget = createBudget(files, name, limits);
  const hear = (bytes: number) => {
    budget(bytes);
    progress(bytes);
  };
  const lane = pLimit(AT_ONCE);
  return together(files, pLimit(AT_ONCE), end, (file, signal) => {
    const one = files.length === 1 ? name : `${file.path} of ${name}`;
    const attempts = { name: one, limits, end: signal, say };
    return transferOne(file, path.join(folder, file.path), attempts, hear, lane);
  });
}

async function transferOne(
  file: RemoteFile,
  target: string,
  attempts: Attempts,
  progress: Progress,
  lane: LimitFunction,
): Promise<Transferred> {
  await mkdir(path.dirname(target), { recursive: true });
  const handle = await open(target, 'w+');
  try {
    const received = new Received(handle, progress);
    const told = await receiveFile(file, received, attempts, lane);
    const sha256 = await received.finish();
    const { size } = await handle.stat();
    if (size !== (told ?? size) || (file.sha256 ?? sha256) !== sha256)
      throw new CommandError(
        `${attempts.name} came with ${size} bytes and the SHA-256 ${sha256}; the store says ${told ?? size} bytes${file.sha256 ? ` and ${file.sha256}` : ''}. ${MAY_BE_REPLACED}`,
      );
    return { path: file.path, size, sha256 };
  } finally {
    await handle.close();
  }
}

/** @throws CommandError for paths that lead out of the folder, or files that cannot be beside each other */
export function checkPaths(files: readonly Pick<RemoteFile, 'path'>[], name: string): void {
  const paths = createPaths();
  const seen = new Set<string>();
  for (const { path: file } of files) {
    const wrong = seen.has(file) ? `holds ${file} twice` : paths.add(file, 'file');
    if (wrong !== undefined) throw new CommandError(`${name} ${wrong}. Nothing was changed.`);
    seen.add(file);
  }
}

/** @returns what counts bytes, and throws once they are too many */
function createBudget(
  files: readonly RemoteFile[],
  name: string,
  { maxBytes }: Pick<Limits, 'maxBytes'>,
): Progress {
  const tooLarge = () =>
    new CommandError(
      `${files.length === 1 ? `The file at ${name}` : name} has more than ${maxBytes} bytes, which FETCH_MAX_BYTES allows. Nothing was changed.`,
    );
  if (files.reduce((sum, { size = 0 }) => sum + size, 0) > maxBytes) throw tooLarge();
  let left = maxBytes;
  return (bytes) => {
    left -= bytes;
    if (left < 0) throw tooLarge();
  };
}
