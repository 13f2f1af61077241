// The files of a model image: those below /models or /model, of all its layers together.
// https://github.com/opencontainers/image-spec/blob/main/layer.md

import { MOST_FILES } from '../../paths.ts';
import type { RemoteFile } from '../../remote.ts';
import { checkPath } from '../listed-path.ts';
import { contentOf, entriesOf, type Layer, type LayerEntry } from './layer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Files, and folders, which count as entries of their own. */
const MOST_ENTRIES = 2 * MOST_FILES;

interface Found {
  readonly layer: Layer;
  readonly entry: LayerEntry;
}

/** @param layers the lowest first */
export async function imageFiles(
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<RemoteFile[]> {
  const isWanted = (path: string) => /^(\.wh\.)?models?(\/|$)/.test(path) || path === OPAQUE;
  const found = new Map<string, Found>();
  for (const layer of layers) {
    const entries = await entriesOf(layer, isWanted, MOST_ENTRIES, signal);
    // Of what lies below alone: the order within a layer does not count.
    for (const { path } of entries) removeHidden(found, path);
    for (const entry of entries)
      if (!nameOf(entry.path).startsWith(WHITEOUT)) put(found, { layer, entry });
  }
  return filesOf(found);
}

/** The files of directories that oras has packed, each in a layer of its own. */
export async function packedFiles(
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<RemoteFile[]> {
  const found = new Map<string, Found>();
  for (const layer of layers)
    for (const entry of await entriesOf(layer, () => true, MOST_ENTRIES, signal))
      put(found, { layer, entry });
  return filesOf(found);
}

function filesOf(found: ReadonlyMap<string, Found>): RemoteFile[] {
  // Links are left out: a model directory has none, and they could lead elsewhere.
  return [...found.values()]
    .filter(({ entry }) => entry.kind === 'file')
    .map(({ layer, entry }) => ({
      path: checkPath(entry.path, layer.name),
      size: entry.size,
      ...(entry.sha256 !== undefined && { sha256: entry.sha256 }),
      async read(_from, signal) {
        return { from: 0, bytes: contentOf(layer, entry, signal) };
      },
    }));
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
