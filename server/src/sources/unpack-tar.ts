// The entries of a tar archive that rules admit, into a folder, as fast as the disk takes them.
import { mkdir } from 'node:fs/promises';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ReadEntry, Unpack } from 'tar';
import { CommandError } from '../util/command-error.ts';
import { quote } from '../util/quote.ts';
import type { EntryRules } from './archive-rules.ts';
import { feeding } from './tar-file.ts';

interface Archive {
  /** At the start of a sentence. */
  readonly name: string;
  /** Decompressed. */
  readonly bytes: Readable;
  /** Made where it is not there. */
  readonly folder: string;
  readonly rules: EntryRules;
  readonly signal: AbortSignal;
}

/** @throws CommandError for what is no archive, and what the rules refuse */
export async function unpackTar({ name, bytes, folder, rules, signal }: Archive): Promise<void> {
  await mkdir(folder, { recursive: true });
  await pipeline(bytes, sinkOf(folder, rules), { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw readable(error, name);
  });
}

/** No faster than the disk takes what is in it. */
function sinkOf(folder: string, rules: EntryRules): Writable {
  const parser = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    zstd: false,
    filter: (_path, entry) => 'type' in entry && rules.admit(entry),
  });
  const feed = feeding(parser);
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const isReady = feed(chunk);
      const problem = rules.problem(chunk.length);
      if (problem !== undefined || isReady) done(problem);
      else parser.once('drain', () => done());
    },
    final(done) {
      parser.once('close', () => done());
      parser.end();
    },
  });
  parser.on('error', (error) => sink.destroy(error));
  return sink;
}

/** What the parser, zlib or the disk fails with. The parser adds the entry. */
function readable(error: unknown, name: string): unknown {
  if (!(error instanceof Error) || error instanceof CommandError) return error;
  const { code, syscall, entry, message }: NodeJS.ErrnoException & { entry?: ReadEntry } = error;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return error;
  // Not its message, which names the temporary folder.
  const why = syscall === undefined ? message : `${syscall} failed with ${code}`;
  if (entry !== undefined)
    return new CommandError(
      `${name} cannot be unpacked at its entry ${quote(entry.path)}: ${why}. Nothing was changed.`,
    );
  if (syscall !== undefined) return error;
  return new CommandError(`${name} is not a tar archive: ${why}. Nothing was changed.`);
}
