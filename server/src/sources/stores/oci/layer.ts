// A layer of an image, or a directory as oras packs it: a tar archive, most often compressed, that can only be read from its start.
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { CommandError } from '../../../util/command-error.ts';

export interface LayerEntry {
  /** Its place among the entries. */
  readonly index: number;
  /** Relative, without a slash at either end. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
  /** Of a file. */
  readonly sha256: string | undefined;
  /** Of a small file: to read it again would mean to read the layer again. */
  readonly content: Buffer | undefined;
}

/** More than this is read again, rather than kept. */
const SMALL_BYTES = 64 * 1024;

export interface Layer {
  /** For errors. */
  readonly name: string;
  readonly digest: string;
  bytes(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * What a layer holds.
 * @param isWanted says by their paths which entries count
 * @param mostEntries of them that may count
 * @throws CommandError where it is not what its digest says, or no archive
 */
export async function entriesOf(
  layer: Layer,
  isWanted: (path: string) => boolean,
  mostEntries: number,
  signal: AbortSignal,
): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  const whole = createHash('sha256');
  let index = -1;
  const parser = parserOf((entry) => {
    index++;
    const path = normalized(entry.path);
    if (!isWanted(path)) return entry.resume();
    const at = index;
    const hash = createHash('sha256');
    const kept: Buffer[] = [];
    const isSmall = entry.size <= SMALL_BYTES;
    entry.on('data', (chunk) => {
      hash.update(chunk);
      if (isSmall) kept.push(Buffer.from(chunk));
    });
    entry.on('end', () => {
      const kind = kindOf(entry);
      entries.push({
        index: at,
        path,
        kind,
        size: entry.size,
        sha256: kind === 'file' ? hash.digest('hex') : undefined,
        content: kind === 'file' && isSmall ? Buffer.concat(kept) : undefined,
      });
    });
    return undefined;
  });
  const counted = counting(await layer.bytes(signal), whole);
  for await (const chunk of decompressed(counted, layer)) {
    parser.write(chunk);
    if (entries.length > mostEntries)
      throw new CommandError(
        `${layer.name} has more than ${mostEntries} files and folders of a model; expected the files of one model.`,
      );
  }
  parser.end();
  const digest = `sha256:${whole.digest('hex')}`;
  if (digest !== layer.digest)
    throw new Error(`${layer.name} came with the digest ${digest} in place of ${layer.digest}`);
  return entries;
}

/** The bytes of one entry of a layer, from its start. */
export async function* contentOf(
  layer: Layer,
  { index, content }: LayerEntry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (content !== undefined) {
    yield content;
    return;
  }
  const ready: Buffer[] = [];
  let at = -1;
  let isWhole = false;
  const parser = parserOf((entry) => {
    at++;
    if (at !== index) return entry.resume();
    entry.on('data', (chunk) => ready.push(Buffer.from(chunk)));
    entry.on('end', () => {
      isWhole = true;
    });
    return undefined;
  });
  for await (const chunk of decompressed(await layer.bytes(signal), layer)) {
    parser.write(chunk);
    yield* ready.splice(0);
    if (isWhole) return;
  }
  throw new Error(`${layer.name} ended early`);
}

/** Entries flow as they are written, since nothing holds them back. */
function parserOf(onEntry: (entry: ReadEntry) => unknown): Parser {
  const parser = new Parser({ onReadEntry: onEntry, zstd: false });
  // It would take a layer of something compressed twice for compressed once: a block of zeros at the start keeps it from looking.
  parser.write(Buffer.alloc(512));
  return parser;
}

function kindOf({ type }: ReadEntry): LayerEntry['kind'] {
  if (type === 'Directory') return 'folder';
  return type === 'File' || type === 'OldFile' || type === 'ContiguousFile' ? 'file' : 'link';
}

function normalized(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

async function* counting(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

/** By its first bytes: media types are wrong at times, and docker's say nothing of it. */
async function* decompressed(
  bytes: AsyncIterable<Uint8Array>,
  layer: Layer,
): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 4) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const whole = Readable.from(
    (async function* () {
      yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    })(),
  );
  const decompressor = head.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))
    ? createGunzip()
    : head.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))
      ? createZstdDecompress()
      : undefined;
  // Its errors come out of the decompressor, too.
  const stream = decompressor ? pipeline(whole, decompressor, () => {}) : whole;
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code)))
      throw new Error(`${layer.name} cannot be decompressed: ${error.message}`);
    throw error;
  } finally {
    whole.destroy();
  }
}
