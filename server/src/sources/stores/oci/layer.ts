// A layer of an image, or a directory as oras packs it: a tar archive, most often compressed, that has been downloaded.
import { addAbortSignal, type Readable } from 'node:stream';
import { Parser, type ReadEntry } from 'tar';
import { CommandError } from '../../../util/command-error.ts';
import { feeding, GZIP, tarOf, ZSTD } from '../../tar-file.ts';
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
  const feed = feeding(parser);
  try {
    for await (const chunk of addAbortSignal(signal, await bytesOf(layer))) {
      feed(chunk);
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
    bytes: await bytesOf(layer),
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

/** By its first bytes: media types are wrong at times, and docker's say nothing of it. */
function bytesOf({ file }: Layer): Promise<Readable> {
  return tarOf(file, [GZIP, ZSTD]);
}
