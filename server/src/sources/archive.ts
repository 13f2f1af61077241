// A model directory in a tar archive.
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type ReadEntry, Unpack } from 'tar';
import { CommandError } from '../util/command-error.ts';
import { quote } from '../util/quote.ts';
import { createEntryRules, type EntryRules } from './archive-rules.ts';
import { modelFolder } from './model-folder.ts';
import type { Form } from './remote.ts';

/**
 * Unpacks an archive that has a model directory at its top or in a folder, a directory of several, or what another server takes.
 * @param name of the archive, for errors
 * @returns the model directory, or the one with their folders
 * @throws CommandError for a file that is no archive, or holds something else
 */
export async function unpack(
  file: string,
  folder: string,
  name: string,
  maxBytes: number,
  form: Form,
): Promise<string> {
  await mkdir(folder);
  const rules = createEntryRules(`The archive at ${name}`, maxBytes);
  const archive = createReadStream(file);
  const sink = unpackTo(folder, rules);
  await ((await isGzip(file))
    ? pipeline(archive, createGunzip({ chunkSize: 256 * 1024 }), sink)
    : pipeline(archive, sink)
  ).catch((error: unknown) => {
    throw readable(error, name);
  });
  const files = await readdir(folder, { recursive: true });
  return path.join(folder, modelFolder(files, `The archive at ${name}`, form));
}

/** A stream that takes a tar archive, no faster than the disk takes what is in it. */
function unpackTo(folder: string, rules: EntryRules): Writable {
  const parser = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    zstd: false,
    filter: (_path, entry) => 'type' in entry && rules.admit(entry),
  });
  // The parser decompresses by itself what looks like gzip, without backpressure: 1 GB of it takes 1 GB of memory. A block of
  // zeros at the start, which it skips, makes it take what follows as it is.
  parser.write(Buffer.alloc(512));
  let isAtEnd = false;
  parser.once('eof', () => {
    isAtEnd = true;
  });
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // What follows the end would pile up in the parser.
      const isReady = isAtEnd || parser.write(chunk);
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

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2);
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
  } finally {
    await handle.close();
  }
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
      `The entry ${quote(entry.path)} of the archive at ${name} cannot be unpacked: ${why}. Nothing was changed.`,
    );
  if (syscall !== undefined) return error;
  return new CommandError(`The file at ${name} is not a tar archive: ${why}. Nothing was changed.`);
}
