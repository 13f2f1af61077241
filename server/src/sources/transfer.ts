// The transfer: files from a store into a folder, several at a time, each resumed where it was cut, with a limit of bytes for all together.
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { CommandError } from '../util/command-error.ts';
import { type Attempts, type Limits, persist } from './attempts.ts';
import { createPaths } from './paths.ts';
import { Received } from './received.ts';
import { type RemoteFile, StartOverError } from './remote.ts';

/** What came of a file. */
export interface Transferred {
  readonly path: string;
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

/** Hears of bytes as they come; a negative number takes some back. */
export type Progress = (bytes: number) => void;

/** Enough to keep a store busy while files are small; one large file takes all that there is anyway. */
const AT_ONCE = 4;
/** An attempt that brings this much was none in vain: a large file may be cut many times. */
const WORTH_AN_ATTEMPT = 8 * 1024 * 1024;

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
  const failed = new AbortController();
  const waiting = files.entries();
  const results: Transferred[] = [];
  const work = async () => {
    for (const [at, file] of waiting) {
      failed.signal.throwIfAborted();
      const one = files.length === 1 ? name : `${file.path} of ${name}`;
      const attempts = { name: one, limits, end: AbortSignal.any([end, failed.signal]), say };
      results[at] = await transferOne(file, path.join(folder, file.path), attempts, (bytes) => {
        budget(bytes);
        progress(bytes);
      });
    }
  };
  // The first failure ends the others, and all have ended when it is told: nobody writes into the folder any more.
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, files.length) }, () =>
      work().catch((error: unknown) => failed.abort(error)),
    ),
  );
  failed.signal.throwIfAborted();
  return results;
}

async function transferOne(
  file: RemoteFile,
  target: string,
  attempts: Attempts,
  progress: Progress,
): Promise<Transferred> {
  await mkdir(path.dirname(target), { recursive: true });
  const handle = await open(target, 'w+');
  try {
    const received = new Received(handle, progress);
    let told = file.size;
    let before = 0;
    const hasAdvanced = () => {
      const advanced = received.size - before >= WORTH_AN_ATTEMPT;
      before = received.size;
      return advanced;
    };
    await persist({ ...attempts, hasAdvanced }, async (signal, goesOn) => {
      if (received.size > 0 && received.size === told) return; // cut after its last byte
      const start = received.size;
      try {
        const { from, bytes, size } = await file.read(start, signal);
        told = file.size ?? size;
        await receive(bytes, from, received, told, signal, goesOn);
        if (told === undefined && start > 0 && received.size === start)
          throw new StartOverError('nothing followed, and how much should have is not known');
      } catch (error) {
        if (error instanceof StartOverError) await received.beginAt(0);
        throw error;
      }
      if (told !== undefined && received.size < told)
        throw new Error(`it ended after ${received.size} of ${told} bytes`);
    });
    const sha256 = await received.finish();
    const { size } = await handle.stat();
    if (size !== (told ?? size) || (file.sha256 ?? sha256) !== sha256)
      throw new CommandError(
        `${attempts.name} came with ${size} bytes and the SHA-256 ${sha256}; the store says ${told ?? size} bytes${file.sha256 ? ` and ${file.sha256}` : ''}. Nothing was changed. It may have been replaced meanwhile: try again.`,
      );
    return { path: file.path, size, sha256 };
  } finally {
    await handle.close();
  }
}

async function receive(
  bytes: AsyncIterable<Uint8Array>,
  from: number,
  received: Received,
  told: number | undefined,
  signal: AbortSignal,
  goesOn: () => void,
): Promise<void> {
  const stream = bytes instanceof Readable ? bytes : Readable.from(bytes);
  if (from !== received.size)
    await received.beginAt(from).catch((error: unknown) => {
      stream.on('error', () => {}).destroy(); // nobody reads it
      throw error;
    });
  for await (const chunk of addAbortSignal(signal, stream)) {
    await received.add(chunk);
    if (told !== undefined && received.size > told) break; // more than was told
    goesOn(); // after the disk, whose time is not the store's
  }
}

/** @throws CommandError for paths that lead out of the folder, or files that cannot be beside each other */
function checkPaths(files: readonly RemoteFile[], name: string): void {
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
