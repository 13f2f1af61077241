// Writes an OCI image archive of one layer, as containerd imports it: enough for images that hold programs only.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ClusterError } from '../cluster-error.ts';
import { run } from '../command.ts';

const oci = 'application/vnd.oci.image';

export type Image = {
  /** Full names with tags; the same image may have several. */
  readonly names: readonly string[];
  /** A folder of this machine that the image's root begins as; empty without it. */
  readonly root?: string;
  /** Paths in the image, and the files of this machine that are put there. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths in the image that are symbolic links, and what they point to. */
  readonly links?: Readonly<Record<string, string>>;
  /** What runs where a pod names no command. */
  readonly entrypoint?: readonly string[];
  /** "uid:gid" that it runs as where a pod names none; root without it. */
  readonly user?: string;
};

/** Writes the archive of an image. The same files give the same bytes. */
export async function writeArchive(archive: string, image: Image): Promise<void> {
  const work = mkdtempSync(`${archive}.`);
  try {
    const layer = await addBlob(work, await writeLayer(work, image));
    const config = await addJson(work, {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {
        Entrypoint: image.entrypoint,
        User: image.user,
        Env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const manifest = await addJson(work, {
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: { mediaType: `${oci}.config.v1+json`, ...config },
      layers: [{ mediaType: `${oci}.layer.v1.tar`, ...layer }],
    });
    const manifests = image.names.map((name) => ({
      mediaType: `${oci}.manifest.v1+json`,
      ...manifest,
      annotations: { 'io.containerd.image.name': name },
    }));
    const layout = path.join(work, 'layout');
    writeFileSync(path.join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(path.join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await tar(layout, archive);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Names of the images in an archive. @throws {ClusterError} where it is no archive of OCI images with names. */
export async function imageNames(archive: string): Promise<string[]> {
  const wanted = `${archive}: expected an OCI archive, such as "npm run image -- --archive image.tar" writes`;
  const member = (name: string) => run('tar', ['-xOf', archive, name]);
  const index = await member('index.json')
    .catch(() => member('./index.json'))
    .catch(() => '');
  if (index === '') throw new ClusterError(`${wanted}, and there is no index.json in it.`);
  const { manifests }: { manifests: { annotations?: Record<string, string> }[] } =
    JSON.parse(index);
  const names = manifests.flatMap(({ annotations = {} }) => {
    const name = annotations['io.containerd.image.name'];
    return name ?? annotations['org.opencontainers.image.ref.name'] ?? [];
  });
  if (names.length === 0) throw new ClusterError(`${wanted}, and its image has no name.`);
  return names;
}

async function writeLayer(work: string, image: Image): Promise<string> {
  const { files, links = {} } = image;
  const root = path.join(work, 'root');
  if (image.root !== undefined) await run('cp', ['--archive', image.root, root]);
  mkdirSync(path.join(root, 'tmp'), { recursive: true });
  for (const [target, source] of Object.entries(files)) {
    const file = path.join(root, target);
    mkdirSync(path.dirname(file), { recursive: true });
    copyFileSync(source, file); // what a link points to, with its mode
  }
  for (const [link, target] of Object.entries(links)) symlinkSync(target, path.join(root, link));
  const file = path.join(work, 'layer.tar');
  await tar(root, file);
  return file;
}

async function tar(folder: string, archive: string): Promise<void> {
  const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  await run('tar', [...reproducible, '-C', folder, '-cf', archive, '.']);
}

type Descriptor = { readonly digest: string; readonly size: number };

async function addBlob(work: string, file: string): Promise<Descriptor> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest('hex');
  const blobs = path.join(work, 'layout/blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const { size } = statSync(file);
  renameSync(file, path.join(blobs, digest));
  return { digest: `sha256:${digest}`, size };
}

async function addJson(work: string, content: object): Promise<Descriptor> {
  const file = path.join(work, 'blob.json');
  writeFileSync(file, JSON.stringify(content));
  return await addBlob(work, file);
}
