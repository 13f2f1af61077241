// The images of the cluster's own pods. They have the names of the published images, so that the manifests are those of
// any cluster, and stand in for them where no registry can be reached.
import path from 'node:path';
import { run } from '../command.ts';
import { buildContour, buildKubernetes, fetchEnvoy } from './binaries.ts';
import { cached } from './cache.ts';
import { type Image, writeArchive } from './oci-archive.ts';

/** What `up` starts a home-built cluster from. */
export type Build = {
  /** Folder of the node's programs. */
  readonly binaries: string;
  /** Files of the custom resource definitions. */
  readonly customResources: readonly string[];
  /** Image archives. */
  readonly archives: readonly string[];
};

/** Everything that is built, from the cache where it is there. */
export async function build(): Promise<Build> {
  const kubernetes = await buildKubernetes();
  const contour = await buildContour();
  const envoy = path.join(await fetchEnvoy(), 'envoy');
  const images: Record<string, Image> = {
    pause: {
      names: ['registry.k8s.io/pause:3.10'],
      files: { '/pause': path.join(kubernetes, 'pause') },
      entrypoint: ['/pause'],
    },
    kubernetes: {
      names: [
        'registry.k8s.io/coredns/coredns:v1.14.7',
        'registry.k8s.io/metrics-server/metrics-server:v0.9.0',
      ],
      files: { '/kubeall': path.join(kubernetes, 'kubeall') },
      links: { '/coredns': 'kubeall', '/metrics-server': 'kubeall' },
    },
    contour: {
      names: ['ghcr.io/projectcontour/contour:v1.33.8'],
      files: { '/bin/contour': path.join(contour, 'contour') },
    },
    envoy: {
      names: ['docker.io/envoyproxy/envoy:v1.40.0'],
      files: { '/usr/local/bin/envoy': envoy, ...(await sharedLibraries(envoy)) },
    },
  };
  return {
    binaries: kubernetes,
    customResources: ['gateway', 'contour'].map((name) => path.join(contour, `${name}.yaml`)),
    archives: await writeArchives('images', images),
  };
}

/** The archives of images, from the cache where they are there. */
export async function writeArchives(
  cacheName: string,
  images: Readonly<Record<string, Image>>,
): Promise<string[]> {
  const inputs = JSON.stringify(images); // the cache's paths have the content's hashes
  const folder = await cached(cacheName, [inputs], async (unfinished) => {
    for (const [name, image] of Object.entries(images)) {
      await writeArchive(path.join(unfinished, `${name}.tar`), image);
    }
  });
  return Object.keys(images).map((name) => path.join(folder, `${name}.tar`));
}

/** The machine's libraries that a program needs, each at its own path. */
async function sharedLibraries(program: string): Promise<Record<string, string>> {
  const paths = (await run('ldd', [program])).matchAll(/(\/\S+) \(0x/g);
  return Object.fromEntries([...paths].map(([, file = '']) => [file, file]));
}
