// Reading a tar archive from a file, in the way that its parser takes it.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Parser } from 'tar';

/** A compression, by the first bytes of what it has made. */
interface Compression {
  readonly magic: Buffer;
  readonly decompressor: () => Transform;
}

export const GZIP: Compression = {
  magic: Buffer.from([0x1f, 0x8b]),
  decompressor: () => createGunzip({ chunkSize: 256 * 1024 }),
};
export const ZSTD: Compression = {
  magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
  decompressor: createZstdDecompress,
};

/** The bytes of a file, decompressed where they are of one of these. Errors of the file come out of what decompresses, too. */
export async function tarOf(file: string, compressions: readonly Compression[]): Promise<Readable> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4).finally(() => handle.close());
  const found = compressions.find(({ magic }) => buffer.subarray(0, magic.length).equals(magic));
  const bytes = createReadStream(file);
  return found ? pipeline(bytes, found.decompressor(), () => {}) : bytes;
}

/**
 * @returns what gives a parser the bytes of an archive, and says whether it takes more at once: those behind the archive's end are left
 * out, since they would pile up
 */
export function feeding(parser: Parser): (chunk: Buffer) => boolean {
  // The parser decompresses by itself what looks like gzip, also what was compressed twice, without backpressure: 1 GB of it takes
  // 1 GB of memory. A block of zeros at the start, which it skips, makes it take what follows as it is.
  parser.write(Buffer.alloc(512));
  let isAtEnd = false;
  parser.once('eof', () => {
    isAtEnd = true;
  });
  return (chunk) => isAtEnd || parser.write(chunk);
}
