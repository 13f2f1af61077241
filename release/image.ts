// The image: built by buildah for all platforms into a layout on disk, whose digest is the one that it is published by.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildImage, memberOf, works } from '../test/image/builder.ts';
import { freeName } from '../test/image/free-name.ts';
import { PLATFORMS } from '../test/image/platforms.ts';
import type { Repository } from '../test/image/repository.ts';
import { baseImages } from './base-images.ts';
import type { Checkout } from './checkout.ts';
import { attempt, run, tool } from './command.ts';
import { imagesOf, type PlatformImage } from './platforms/check.ts';
import { ReleaseProblem } from './problem.ts';
import type { Resource } from './provenance.ts';
import { plainHttp } from './registry.ts';
import { out } from './repository-root.ts';

export interface BuiltImage {
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
  { version, commit }: Checkout,
  standIns: boolean,
  source: string,
): BuiltImage {
  if (!works('buildah'))
    throw new ReleaseProblem(
      'buildah is needed to build the image. On Debian and Ubuntu: apt-get install buildah',
    );
  // A name that no other build has: it and those of its platforms go once the layout is there.
  const name = `localhost/ml-api-release:${version}`;
  buildImage({
    builder: 'buildah',
    tag: name,
    variant: 'cpu',
    standIns,
    platforms: PLATFORMS,
    // https://github.com/opencontainers/image-spec/blob/main/annotations.md
    labels: {
      'org.opencontainers.image.title': 'ml-api',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.source': source,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  });
  try {
    const layout = path.join(out, 'image');
    const file = path.join(out, 'image.digest');
    const push = ['manifest', 'push', '--all', '--quiet', '--digestfile', file];
    run('buildah', [...push, name, `oci:${layout}:${version}`]);
    const digest = readFileSync(file, 'utf8').trim();
    const platforms = imagesOf(layout, digest);
    return { layout, digest, platforms, bases: baseImages(layout, platforms, standIns) };
  } finally {
    freeName('buildah', name);
    attempt('buildah', ['rmi', ...PLATFORMS.map((platform) => memberOf(name, platform))]);
  }
}

/** @returns the tags that an image of a version gets; `latest` is not for what comes before a version */
export function tagsOf(version: string): readonly string[] {
  return version.includes('-') ? [version] : [version, 'latest'];
}

export function publishImage(
  { layout }: BuiltImage,
  repository: Repository,
  version: string,
): void {
  const to = repository.isLocal ? ['--to-plain-http'] : [];
  const target = `${repository.name}:${tagsOf(version).join(',')}`;
  tool('oras', ['cp', '--no-tty', '--from-oci-layout', ...to, `${layout}:${version}`, target]);
}

/** @throws ReleaseProblem where the registry has something else by the digest's tag */
export function expectPublished(
  { digest }: BuiltImage,
  repository: Repository,
  version: string,
): void {
  const args = ['resolve', ...plainHttp(repository), `${repository.name}:${version}`];
  const there = tool('oras', args).stdout.trim();
  if (there !== digest)
    throw new ReleaseProblem(
      `${repository.name}:${version} is ${there} at the registry, and ${digest} was pushed. Somebody else pushes the same tag: find out who, and release a higher version.`,
    );
}
