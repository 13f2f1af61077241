// A file from a store, whole or in several parts at a time, each resumed where it was cut.
import { addAbortSignal, Readable } from 'node:stream';
import type { LimitFunction } from 'p-limit';
import { CommandError } from '../util/command-error.ts';
import { type Attempts, persist } from './attempts.ts';
import type { Received, ReceivedPart } from './received.ts';
import { type RemoteBytes, type RemoteFile, ReplacedError, StartOverError } from './remote.ts';
import { together } from './together.ts';

export const MAY_BE_REPLACED =
  'Nothing was changed. It may have been replaced in the meantime: try again.';
/** Stores give a connection only so much. Small enough that the system still has in memory what is read back for the sum. */
const PART_BYTES = 32 * 1024 * 1024;
/** An attempt that brings this much was none in vain: a large file may be cut many times, until the time for all attempts is over. */
const WORTH_AN_ATTEMPT = 1024 * 1024;

/** The store sends something else than the part that it is asked for. No further attempt can help, and nobody is told: the whole file may come. */
class NoPartsError extends CommandError {
  constructor() {
    super('The store does not send parts.');
  }
}

/**
 * @param lane how many requests there are at a time
 * @returns its size, where the store tells
 * @throws CommandError with what was expected, what came, and how to go on
 */
export async function receiveFile(
  file: RemoteFile,
  received: Received,
  attempts: Attempts,
  lane: LimitFunction,
): Promise<number | undefined> {
  const { size = 0, hasParts = false } = file;
  if (hasParts && size >= 2 * PART_BYTES) {
    try {
      await receiveParts(file, size, received, attempts, lane);
      return size;
    } catch (error) {
      if (!(error instanceof NoPartsError)) throw error;
      await received.reset();
    }
  }
  return lane(() => receiveWhole(file, received, attempts));
}

async function receiveParts(
  file: RemoteFile,
  size: number,
  received: Received,
  attempts: Attempts,
  lane: LimitFunction,
): Promise<void> {
  const starts = Array.from({ length: Math.ceil(size / PART_BYTES) }, (_, i) => i * PART_BYTES);
  const checkTag = createTagCheck(attempts.name);
  const check = (part: RemoteBytes) => {
    if (!part.isPart) throw new NoPartsError();
    checkTag(part);
    if (part.size !== undefined && part.size !== size)
      throw new CommandError(
        `${attempts.name} has ${part.size} bytes; the store listed it with ${size}. ${MAY_BE_REPLACED}`,
      );
  };
  await together(starts, lane, attempts.end, (start, end) => {
    const to = Math.min(start + PART_BYTES, size);
    return receivePart(file, received.part(start), to, { ...attempts, end }, check);
  });
}

async function receivePart(
  file: RemoteFile,
  part: ReceivedPart,
  to: number,
  attempts: Attempts,
  check: (bytes: RemoteBytes) => void,
): Promise<void> {
  await persistInto(part, attempts, async (signal, goesOn) => {
    if (part.end === to) return; // cut after its last byte
    const sent = await file.read(part.end, signal, to).catch((error: unknown) => {
      // It is within the size that was listed.
      throw error instanceof StartOverError ? new NoPartsError() : error;
    });
    const stream = readable(sent.bytes, signal);
    try {
      check(sent);
      if (sent.from !== part.end) throw new NoPartsError();
      for await (const chunk of stream) {
        const left = to - part.end;
        const isTooMuch = chunk.byteLength > left;
        await part.add(isTooMuch ? chunk.slice(0, left) : chunk);
        if (isTooMuch) break;
        goesOn(); // after the disk, whose time is not the store's
      }
    } finally {
      stream.destroy();
    }
    checkEnd(part, to);
  });
}

async function receiveWhole(
  file: RemoteFile,
  received: Received,
  attempts: Attempts,
): Promise<number | undefined> {
  const part = received.part(0);
  const beginAnew = async () => {
    await part.reset();
    await received.reset();
  };
  let told = file.size;
  let checkTag = createTagCheck(attempts.name);
  await persistInto(part, attempts, async (signal, goesOn) => {
    if (part.end > 0 && part.end === told) return; // cut after its last byte
    const start = part.end;
    try {
      const sent = await file.read(start, signal);
      const { from } = sent;
      told = file.size ?? sent.size;
      const stream = readable(sent.bytes, signal);
      try {
        if (from === 0) checkTag = createTagCheck(attempts.name); // nothing of before counts
        checkTag(sent);
        if (from !== 0 && from !== start)
          throw new Error(`it was sent from the byte ${from} on, not from ${start} on`);
        if (from !== start) await beginAnew();
        for await (const chunk of stream) {
          await part.add(chunk);
          if (told !== undefined && part.end > told) break; // more than was told
          goesOn(); // after the disk, whose time is not the store's
        }
      } finally {
        stream.destroy();
      }
      if (told === undefined && start > 0 && part.end === start)
        throw new StartOverError('nothing followed, and how much should have is not known');
    } catch (error) {
      if (error instanceof StartOverError) await beginAnew();
      throw error;
    }
    checkEnd(part, told);
  });
  return told;
}

/** Nothing is being written any more when it returns, or throws. */
async function persistInto(
  part: ReceivedPart,
  attempts: Attempts,
  attempt: (signal: AbortSignal, goesOn: () => void) => Promise<void>,
): Promise<void> {
  let before = part.end;
  const hasAdvanced = () => {
    const advanced = part.end - before >= WORTH_AN_ATTEMPT;
    before = part.end;
    return advanced;
  };
  try {
    await persist({ ...attempts, hasAdvanced }, attempt);
  } catch (error) {
    await part.stop();
    throw error;
  }
  await part.finish();
}

/** @returns what throws a ReplacedError where bytes are not of the same state of the file as those before */
function createTagCheck(name: string): (bytes: RemoteBytes) => void {
  let seen: string | undefined;
  return ({ tag = seen }) => {
    seen ??= tag;
    if (tag !== seen) throw new ReplacedError(name);
  };
}

function readable(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Readable {
  const stream = bytes instanceof Readable ? bytes : Readable.from(bytes);
  stream.on('error', () => {}); // told by who reads it, if anybody does
  return addAbortSignal(signal, stream);
}

/** @throws Error where it ended early */
function checkEnd({ end }: ReceivedPart, told: number | undefined): void {
  if (told !== undefined && end < told) throw new Error(`it ended after ${end} of ${told} bytes`);
}
