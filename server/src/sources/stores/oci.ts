// OCI registries: artifacts as `oras push` makes them, and images with a model in their layers.
import { CommandError } from '../../util/command-error.ts';
import { isRecord } from '../../util/is-record.ts';
import { onlyModel } from '../model-folder.ts';
import type { RemoteFile, Store } from '../remote.ts';
import { checkCount, checkPath } from './listed-path.ts';
import { unpackLayers } from './oci/packed.ts';
import { parseReference } from './oci/reference.ts';
import { type Manifest, openRepository, type Repository } from './oci/registry.ts';

/** Annotations: https://github.com/opencontainers/image-spec/blob/main/annotations.md, and those of oras. */
const TITLE = 'org.opencontainers.image.title';
const UNPACK = 'io.deis.oras.content.unpack';

export const ociStore: Store = {
  async open(uri, env, signal, form = 'model') {
    const reference = parseReference(uri, env['OCI_PLAIN_HTTP']);
    const repository = openRepository(reference, env);
    const named = await repository.manifest(reference.version, signal);
    const manifest = await platformManifest(repository, named, signal);
    const layers = layersOf(repository, manifest);
    const where = `${repository.name}@${named.digest}`;
    const titled = layers.filter(({ title }) => title !== undefined);
    const plain = titled.filter(({ isPacked }) => !isPacked);
    const isArtifact = titled.length > 0;
    const packed = isArtifact ? titled.filter(({ isPacked }) => isPacked) : layers;
    const files = plain.map((layer) => fileOf(repository, layer, layer.title ?? ''));
    const found = {
      resolved: `oci://${where}`,
      revision: named.digest,
      details: { digest: named.digest },
    };
    if (isArtifact && packed.length === 0)
      return { ...found, files: form === 'model' ? onlyModel(files, where) : files };
    // One that is there twice is downloaded once.
    const blobs = new Map(packed.map((layer) => [layer.digest, layer]));
    return {
      ...found,
      files: [
        ...files,
        ...[...blobs.values()].map((layer) => fileOf(repository, layer, pathOf(layer))),
      ],
      unpack: unpackLayers(
        packed.map((layer) => ({ path: pathOf(layer), name: layer.name })),
        { isImage: !isArtifact, beside: files.map(({ path }) => path) },
      ),
    };
  },
};

interface ListedLayer {
  /** For errors. */
  readonly name: string;
  readonly digest: string;
  readonly size: number | undefined;
  /** The path of the file that it is, or of the directory. */
  readonly title: string | undefined;
  readonly isPacked: boolean;
}

/** Where a packed layer is downloaded to. */
function pathOf({ digest }: ListedLayer): string {
  return digest.replace(':', '-');
}

function fileOf(repository: Repository, { digest, size }: ListedLayer, path: string): RemoteFile {
  return {
    path: checkPath(path, repository.name),
    ...(size !== undefined && { size }),
    sha256: digest.slice('sha256:'.length),
    hasParts: true,
    read: (from, signal, to) => repository.blob(digest, from, signal, to),
  };
}

/** The manifest for this machine, where there is one for each platform. */
async function platformManifest(
  repository: Repository,
  named: Manifest,
  signal: AbortSignal,
): Promise<Manifest> {
  const { manifests } = named.content;
  if (!Array.isArray(manifests)) return named;
  const candidates = manifests.filter(isRecord).filter((one) => {
    const platform = isRecord(one['platform']) ? one['platform'] : {};
    return platform['os'] !== 'unknown'; // signatures and attestations
  });
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const fitting = candidates.find(
    ({ platform }) =>
      isRecord(platform) && platform['os'] === 'linux' && platform['architecture'] === architecture,
  );
  const chosen = fitting ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (chosen === undefined)
    throw new CommandError(
      `${repository.name}@${named.digest} has nothing for linux/${architecture} among its ${candidates.length} manifests. Push it for that platform, or name a manifest by its digest.`,
    );
  const manifest = await repository.manifest(digestOf(repository, chosen), signal);
  if (Array.isArray(manifest.content['manifests']))
    throw new CommandError(
      `${repository.name}@${named.digest} is an index of indexes; expected manifests in it.`,
    );
  return manifest;
}

function layersOf(repository: Repository, { digest, content }: Manifest): ListedLayer[] {
  const { layers } = content;
  if (!Array.isArray(layers))
    throw new CommandError(
      `${repository.name}@${digest} is not a manifest with layers; expected an artifact as oras push makes it, or an image.`,
    );
  checkCount(layers.length, repository.name);
  return layers.filter(isRecord).map((layer) => {
    const annotations = isRecord(layer['annotations']) ? layer['annotations'] : {};
    const [title, size] = [annotations[TITLE], layer['size']];
    const digest = digestOf(repository, layer);
    return {
      name: `The layer ${digest} of ${repository.name}`,
      digest,
      size: typeof size === 'number' && size >= 0 ? size : undefined,
      title: typeof title === 'string' ? title : undefined,
      isPacked: annotations[UNPACK] === 'true',
    };
  });
}

/** Others than SHA-256 are allowed, and not in use. */
function digestOf({ name }: Repository, { digest }: Record<string, unknown>): string {
  if (typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new CommandError(`${name} has a manifest whose digest is not sha256:….`);
}
