// The image and its CUDA variant: each built by buildah for all platforms into a layout on disk, whose digest is the one that it is published by.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildImage, memberOf, works } from '../test/image/builder.ts';
import { freeName } from '../test/image/free-name.ts';
import { PLATFORMS, type Platform } from '../test/image/platforms.ts';
import type { Repository } from '../test/image/repository.ts';
import { baseImages } from './base-images.ts';
import type { Checkout } from './checkout.ts';
import { attempt, run, tool } from './command.ts';
import { checkPlatforms, imagesOf, type PlatformImage } from './platforms/check.ts';
import { ReleaseProblem } from './problem.ts';
import type { Resource } from './provenance.ts';
import { plainHttp } from './registry.ts';
import { out } from './repository-root.ts';

/** cuda has ONNX Runtime's CUDA provider and CUDA itself: docs/gpu.md */
export type Variant = 'cpu' | 'cuda';

const PLATFORMS_OF: Readonly<Record<Variant, readonly Platform[]>> = {
  cpu: PLATFORMS,
  cuda: ['linux/amd64'], // as onnxruntime-gpu is
};
/** What NVIDIA's container toolkit brings from the node: https://github.com/NVIDIA/libnvidia-container */
const DRIVER = ['libcuda.so.1'];

export interface BuiltImage {
  readonly variant: Variant;
  /** Those that it gets, the version's first. */
  readonly tags: readonly [version: string, ...others: string[]];
  /** https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
  readonly layout: string;
  /** Of the list of the platforms' images. */
  readonly digest: string;
  readonly platforms: readonly PlatformImage[];
  /** What it is built from. */
  readonly bases: readonly Resource[];
}

/** @param source the address of the repository, for whoever finds the image */
export function makeImage(
  variant: Variant,
  { version, commit }: Checkout,
  standIns: boolean,
  source: string,
): BuiltImage {
  if (!works('buildah'))
    throw new ReleaseProblem(
      'buildah is needed to build the image. On Debian and Ubuntu: apt-get install buildah',
    );
  const tags = tagsOf(version, variant);
  const [tag] = tags;
  // A name that no other build has: it and those of its platforms go once the layout is there.
  const name = `localhost/ml-api-release:${tag}`;
  const platforms = PLATFORMS_OF[variant];
  buildImage({
    builder: 'buildah',
    tag: name,
    variant,
    standIns,
    platforms,
    isList: true,
    // https://github.com/opencontainers/image-spec/blob/main/annotations.md
    labels: {
      'org.opencontainers.image.title': 'ml-api',
      'org.opencontainers.image.version': tag,
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.source': source,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  });
  const folder = path.join(out, variant === 'cpu' ? 'image' : `image-${variant}`);
  try {
    const file = `${folder}.digest`;
    const push = ['manifest', 'push', '--all', '--quiet', '--digestfile', file];
    run('buildah', [...push, name, `oci:${folder}:${tag}`]);
    const digest = readFileSync(file, 'utf8').trim();
    const images = imagesOf(folder, digest);
    const bases = baseImages(folder, images, standIns);
    return { variant, tags, layout: folder, digest, platforms: images, bases };
  } finally {
    freeName('buildah', name);
    attempt('buildah', ['rmi', ...platforms.map((platform) => memberOf(name, platform))]);
  }
}

/** @throws ReleaseProblem where it does not hold what its platforms need */
export async function checkImage({ variant, layout, platforms }: BuiltImage): Promise<void> {
  await checkPlatforms(layout, platforms, variant === 'cuda' ? DRIVER : []);
}

/** `latest` is not for what comes before a version. */
export function tagsOf(version: string, variant: Variant): BuiltImage['tags'] {
  const suffix = variant === 'cpu' ? '' : `-${variant}`;
  const others = version.includes('-') ? [] : [`latest${suffix}`];
  return [`${version}${suffix}`, ...others];
}

export function publishImage({ layout, tags }: BuiltImage, repository: Repository): void {
  const to = repository.isLocal ? ['--to-plain-http'] : [];
  const target = `${repository.name}:${tags.join(',')}`;
  tool('oras', ['cp', '--no-tty', '--from-oci-layout', ...to, `${layout}:${tags[0]}`, target]);
}

/** @throws ReleaseProblem where the registry has something else by the digest's tag */
export function expectPublished({ digest, tags }: BuiltImage, repository: Repository): void {
  const reference = `${repository.name}:${tags[0]}`;
  const there = tool('oras', ['resolve', ...plainHttp(repository), reference]).stdout.trim();
  if (there !== digest)
    throw new ReleaseProblem(
      `${reference} is ${there} at the registry, and ${digest} was pushed. Somebody else pushes the same tag: find out who, and release a higher version.`,
    );
}
