// The log: JSON lines on standard output. Whatever becomes of standard output, serving goes on.
import { constants, fstatSync, openSync } from 'node:fs';
import pino, { type Logger } from 'pino';

export interface Log {
  readonly log: Logger;
  /** Writes lines that are whole. */
  write(lines: string): void;
  /** Writes what was collected, as far as standard output takes it. */
  close(): Promise<void>;
}

/** Lines are collected for up to 4 KiB or 100 ms: a write for each would cost more than a small prediction. */
const COLLECT_BYTES = 4096;
const COLLECT_MS = 100;
/** Lines that wait for a reader that has stopped reading, or for a disk that is full; later ones are dropped. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** How long the end of the process waits for its last lines to be taken. */
const LAST_LINES_MS = 1000;

export function createLog(level: string): Log {
  let closing = false;
  const destination = pino.destination({
    fd: openOutput(),
    sync: false,
    retryEAGAIN: () => !closing, // a reader that is only slow is waited for
    minLength: COLLECT_BYTES,
    maxLength: MAX_WAITING_BYTES,
  });
  // A full disk or a reader that is gone. What could not be written is tried again with the next lines, so logging
  // resumes by itself; without this listener the error would end the process.
  destination.on('error', () => {});
  // It would try for ever, the process standing still, while a disk is full; pino calls it for fatal lines and at the end.
  destination.flushSync = () => {};
  let waiting = 0;
  destination.on('write', (bytes: number) => {
    waiting -= bytes;
  });
  destination.on('drop', (lines: string) => {
    waiting -= Buffer.byteLength(lines);
  });
  // Only while lines wait: a timer that goes on would be most of what a server without requests does.
  let flushing: NodeJS.Timeout | undefined;
  const flushSoon = () => {
    flushing ??= setTimeout(() => {
      flushing = undefined;
      if (waiting === 0) return;
      destination.flush();
      flushSoon();
    }, COLLECT_MS).unref();
  };
  const write = (lines: string) => {
    waiting += Buffer.byteLength(lines);
    destination.write(lines);
    flushSoon();
  };
  return {
    log: pino({ level, base: null }, { write }),
    write,
    async close() {
      clearTimeout(flushing);
      const flush = () => new Promise((resolve) => destination.flush(resolve));
      // Twice: the first may be the end of a write that had begun before the last lines came.
      const written = flush().then(flush);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, LAST_LINES_MS);
      });
      await Promise.race([written, late]);
      clearTimeout(timer);
      closing = true;
    },
  };
}

/**
 * Standard output, opened anew so that writing to a pipe that nobody reads fails instead of waiting: a thread that waits there
 * could not even be ended by process.exit. Where it cannot be opened (a socket, another user's pipe), as it is. So is a file: it
 * keeps nobody waiting, and what is written to standard error, where that is the same file, would write over these lines.
 */
function openOutput(): number {
  try {
    if (fstatSync(1).isFile()) return 1;
    return openSync('/dev/stdout', constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    return 1;
  }
}

/**
 * An error as it may be logged: its kind and the places in the code that it passed, without its message, which may quote
 * what a client sent.
 */
export function withoutMessage(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, stack = '', cause } = error;
  return {
    type: name,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    at: stack
      .split('\n')
      .filter((line) => /^ {4}at /.test(line))
      .map((line) => line.trim()),
    ...(cause instanceof Error && { cause: withoutMessage(cause) }),
  };
}
