// The files of a model that layers hold packed: of an image, those below /models or /model of all its layers together, and of an artifact the
// directories that oras has packed. https://github.com/opencontainers/image-spec/blob/main/layer.md
import { mkdir, rename } from 'node:fs/promises';
import nodePath from 'node:path';
import { CommandError } from '../../../util/command-error.ts';
import { withoutLinks } from '../../archive-rules.ts';
import { modelFiles } from '../../model-folder.ts';
import { MOST_FILES } from '../../paths.ts';
import type { Unpack } from '../../remote.ts';
import { checkPaths } from '../../transfer.ts';
import { checkPath } from '../listed-path.ts';
import { entriesOf, extract, type Layer, type LayerEntry } from './layer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Files, and folders, which count as entries of their own. */
const MOST_ENTRIES = 2 * MOST_FILES;

interface PackedLayer {
  /** Where it was downloaded to. */
  readonly path: string;
  readonly name: string;
}

interface Kind {
  readonly isImage: boolean;
  /** The paths of files that were downloaded beside the layers, and are of the model. */
  readonly beside: readonly string[];
}

interface Found {
  readonly layer: Layer;
  readonly entry: LayerEntry;
}

/** A file of the model, and where it is now. */
interface ModelFile {
  readonly path: string;
  readonly from: Found | string;
}

/** @param layers the lowest first */
export function unpackLayers(layers: readonly PackedLayer[], { isImage, beside }: Kind): Unpack {
  return async (downloaded, folder, { name, form, maxBytes, signal }) => {
    const here = layers.map((layer) => ({ ...layer, file: nodePath.join(downloaded, layer.path) }));
    const found = isImage ? await imageEntries(here, signal) : await allEntries(here, signal);
    const files = [...beside.map((path) => ({ path, from: path })), ...filesOf(found)];
    const links = [...found.values()].filter(({ entry }) => entry.kind === 'link').length;
    const chosen: readonly ModelFile[] = modelFiles<ModelFile>(
      files,
      withoutLinks(name, links),
      form,
    );
    checkPaths(chosen, name);
    checkSize(chosen, name, maxBytes);
    await mkdir(folder);
    for (const layer of here) await extract(layer, pathsIn(layer, chosen), folder, signal);
    for (const { path, from } of chosen) {
      if (typeof from !== 'string') continue;
      const target = nodePath.join(folder, path);
      await mkdir(nodePath.dirname(target), { recursive: true });
      await rename(nodePath.join(downloaded, from), target);
    }
    return folder;
  };
}

async function imageEntries(
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Found>> {
  const isWanted = (path: string) => /^(\.wh\.)?models?(\/|$)/.test(path) || path === OPAQUE;
  const found = new Map<string, Found>();
  for (const layer of layers) {
    const entries = await entriesOf(layer, isWanted, MOST_ENTRIES, signal);
    // Of what lies below alone: the order within a layer does not count.
    for (const { path } of entries) removeHidden(found, path);
    for (const entry of entries)
      if (!nameOf(entry.path).startsWith(WHITEOUT)) put(found, { layer, entry });
  }
  return found;
}

async function allEntries(
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  for (const layer of layers)
    for (const entry of await entriesOf(layer, () => true, MOST_ENTRIES, signal))
      put(found, { layer, entry });
  return found;
}

/** Links are left out: a model directory has none, and they could lead elsewhere. */
function filesOf(found: ReadonlyMap<string, Found>): ModelFile[] {
  return [...found.values()]
    .filter(({ entry }) => entry.kind === 'file')
    .map((from) => ({ path: checkPath(from.entry.path, from.layer.name), from }));
}

/** Before anything is written. @throws CommandError where the entries have more than that */
function checkSize(files: readonly ModelFile[], name: string, maxBytes: number): void {
  const sizes = files.map(({ from }) => (typeof from === 'string' ? 0 : from.entry.size));
  if (sizes.reduce((sum, size) => sum + size, 0) > maxBytes)
    throw new CommandError(
      `${name} holds more than the ${maxBytes} bytes that FETCH_MAX_BYTES allows. Nothing was changed.`,
    );
}

/** Of the files that are in the layer, by their places among its entries. */
function pathsIn(layer: Layer, files: readonly ModelFile[]): ReadonlyMap<number, string> {
  return new Map(
    files.flatMap(({ path, from }) =>
      typeof from !== 'string' && from.layer === layer ? [[from.entry.index, path] as const] : [],
    ),
  );
}

/** What a whiteout hides of the layers below. */
function removeHidden(found: Map<string, Found>, path: string): void {
  const name = nameOf(path);
  if (!name.startsWith(WHITEOUT)) return;
  const folder = path.slice(0, path.length - name.length);
  if (name === OPAQUE) removeBelow(found, folder);
  else {
    const hidden = folder + name.slice(WHITEOUT.length);
    found.delete(hidden);
    removeBelow(found, `${hidden}/`);
  }
}

/** A file or link in the place of a folder replaces all that the folder held. */
function put(found: Map<string, Found>, one: Found): void {
  const { path, kind } = one.entry;
  if (kind !== 'folder') removeBelow(found, `${path}/`);
  found.set(path, one);
}

function removeBelow(found: Map<string, Found>, folder: string): void {
  for (const path of found.keys()) if (path.startsWith(folder)) found.delete(path);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
