// A layer of an image, or a directory as oras packs it: a tar archive, most often compressed, that has been downloaded.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { CommandError } from '../../../util/command-error.ts';
import { unpackTar } from '../../unpack-tar.ts';

export interface Layer {
  readonly file: string;
  /** For errors. */
  readonly name: string;
}

export interface LayerEntry {
  /** Its place among the entries. */
  readonly index: number;
  /** Relative, without a slash at either end. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
}

/**
 * What a layer holds.
 * @param isWanted says by their paths which entries count
 * @param mostEntries of them that may count
 * @throws CommandError where it is no archive
 */
export async function entriesOf(
  layer: Layer,
  isWanted: (path: string) => boolean,
  mostEntries: number,
  signal: AbortSignal,
): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  let index = -1;
  const parser = new Parser({
    zstd: false,
    filter(path, entry) {
      index++;
      const normal = normalized(path);
      if ('type' in entry && isWanted(normal))
        entries.push({ index, path: normal, kind: kindOf(entry), size: entry.size });
      return false;
    },
  });
  // It would take a layer of something compressed twice for compressed once: a block of zeros at the start keeps it from looking.
  parser.write(Buffer.alloc(512));
  let isAtEnd = false;
  parser.once('eof', () => {
    isAtEnd = true;
  });
  try {
    for await (const chunk of addAbortSignal(signal, await tarOf(layer))) {
      if (!isAtEnd) parser.write(chunk);
      if (entries.length > mostEntries)
        throw new CommandError(
          `${layer.name} has more than ${mostEntries} files and folders of a model; expected the files of one model.`,
        );
    }
    parser.end();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code)))
      throw new CommandError(
        `${layer.name} cannot be decompressed: ${error.message}. Push it again.`,
      );
    throw error;
  }
  return entries;
}

/**
 * Writes entries of a layer into a folder.
 * @param paths of those that are wanted, below the folder, by their places among the entries
 */
export async function extract(
  layer: Layer,
  paths: ReadonlyMap<number, string>,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  let index = -1;
  await unpackTar({
    name: layer.name,
    bytes: await tarOf(layer),
    folder,
    rules: {
      admit(entry) {
        index++;
        const path = paths.get(index);
        if (path === undefined) return false;
        entry.path = path;
        entry.mode = 0o644;
        return true;
      },
      problem: () => undefined, // what was to be said was said when they were listed
    },
    signal,
  });
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

/** Decompressed as its first bytes say: media types are wrong at times, and docker's say nothing of it. */
async function tarOf({ file }: Layer): Promise<Readable> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4).finally(() => handle.close());
  const bytes = createReadStream(file);
  const decompressor =
    buffer.readUInt16BE() === 0x1f8b
      ? createGunzip()
      : buffer.readUInt32BE() === 0x28b52ffd
        ? createZstdDecompress()
        : undefined;
  // Its errors come out of the decompressor, too.
  return decompressor ? pipeline(bytes, decompressor, () => {}) : bytes;
}
