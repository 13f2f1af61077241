// The files of an image, as its layers give them together.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';

export interface ImageFile {
  readonly kind: 'file' | 'folder' | 'link';
  /** Of a symbolic link. */
  readonly target?: string;
  readonly sha256?: string;
  /** Where an ELF file lies on this machine. */
  readonly elf?: string;
}

/** By absolute paths. */
export type ImageFiles = ReadonlyMap<string, ImageFile>;

export interface ImageContent {
  readonly files: ImageFiles;
  readonly architecture: string;
  /** The program that the image starts. */
  readonly program: string | undefined;
}

const ELF = Buffer.from('\x7fELF');
/** https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** As Linux follows them. */
const MOST_LINKS = 40;

/** @returns the JSON of a layout's blob */
export const blob = (layout: string, digest: string) =>
  JSON.parse(readFileSync(blobFile(layout, digest), 'utf8'));

const blobFile = (layout: string, digest: string) =>
  path.join(layout, 'blobs', digest.replace(':', '/'));

/**
 * Reads an image of a layout on disk.
 * @param digest of its manifest
 * @param folder an empty one, for its ELF files
 */
export async function readImage(
  layout: string,
  digest: string,
  folder: string,
): Promise<ImageContent> {
  const manifest = blob(layout, digest);
  const { architecture, config = {} } = blob(layout, manifest.config.digest);
  const files = new Map<string, ImageFile>();
  for (const { mediaType, digest } of manifest.layers)
    apply(files, await entriesOf(blobFile(layout, digest), mediaType, folder));
  return { files, architecture, program: config.Entrypoint?.[0] };
}

/** @returns the path without links, of what is there; undefined where nothing is */
export function resolve(files: ImageFiles, name: string): string | undefined {
  const wanted = name.split('/').filter((part) => part !== '' && part !== '.');
  let at = '/';
  for (let links = 0; wanted.length > 0; ) {
    const next = path.posix.join(at, wanted.shift() ?? '');
    const file = files.get(next);
    if (file === undefined && next !== '/') return undefined;
    if (file?.target === undefined) at = next;
    else if (++links > MOST_LINKS) return undefined;
    else {
      wanted.unshift(...file.target.split('/').filter((part) => part !== '' && part !== '.'));
      if (file.target.startsWith('/')) at = '/';
    }
  }
  return at;
}

type Entry = readonly [name: string, file: ImageFile | { readonly same: string }];

function apply(files: Map<string, ImageFile>, entries: readonly Entry[]): void {
  const remove = (name: string) => {
    for (const other of [...files.keys()])
      if (other === name || other.startsWith(`${name}/`)) files.delete(other);
  };
  // What a layer takes away is of those below it.
  for (const [name] of entries) {
    const [folder, base] = [path.posix.dirname(name), path.posix.basename(name)];
    if (base === OPAQUE)
      for (const other of [...files.keys()]) {
        if (other.startsWith(`${folder}/`)) files.delete(other);
      }
    else if (base.startsWith(WHITEOUT))
      remove(path.posix.join(folder, base.slice(WHITEOUT.length)));
  }
  for (const [name, entry] of entries) {
    const base = path.posix.basename(name);
    if (base.startsWith(WHITEOUT) || name === '/') continue;
    // A folder may be a link in a layer below.
    const folder = resolve(files, path.posix.dirname(name)) ?? path.posix.dirname(name);
    const place = path.posix.join(folder, base);
    const file = 'same' in entry ? files.get(resolve(files, entry.same) ?? '') : entry;
    if (file === undefined) continue;
    // Folders merge, and a folder in the place of a link to one is that link.
    if (file.kind === 'folder' && files.has(resolve(files, place) ?? '')) continue;
    if (file.kind !== 'folder') remove(place);
    files.set(place, file);
  }
}

async function entriesOf(file: string, mediaType: string, folder: string): Promise<Entry[]> {
  const entries: Promise<Entry>[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => entries.push(readEntry(entry, folder)),
  });
  const layer = createReadStream(file);
  if (mediaType.endsWith('zstd')) await pipeline(layer, createZstdDecompress(), parser);
  else if (mediaType.endsWith('gzip')) await pipeline(layer, createGunzip(), parser);
  else await pipeline(layer, parser);
  return Promise.all(entries);
}

async function readEntry(entry: ReadEntry, folder: string): Promise<Entry> {
  const name = path.posix.resolve('/', entry.path);
  const { type, linkpath = '' } = entry;
  const content = await entry.concat();
  if (type === 'Directory') return [name, { kind: 'folder' }];
  if (type === 'SymbolicLink') return [name, { kind: 'link', target: linkpath }];
  if (type === 'Link') return [name, { same: path.posix.resolve('/', linkpath) }];
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (!content.subarray(0, ELF.length).equals(ELF)) return [name, { kind: 'file', sha256 }];
  const elf = path.join(folder, sha256);
  writeFileSync(elf, content);
  return [name, { kind: 'file', sha256, elf }];
}
