// The images that an image is built from, by the digests that the builder has used.
import { NODE_IMAGE } from '../test/image/stand-ins.ts';
import { run } from './command.ts';
import type { PlatformImage } from './platforms/check.ts';
import { blob } from './platforms/image-files.ts';
import type { Resource } from './provenance.ts';

/** @param standIns whether they are images of here that only have these names */
export function baseImages(
  layout: string,
  platforms: readonly PlatformImage[],
  standIns: boolean,
): readonly Resource[] {
  const found = [...platforms.flatMap((image) => runtimeOf(layout, image)), nodeImage()];
  return found.map(({ name, platform, digest }) => ({
    ...(standIns
      ? { name: `stand-in for ${name}, ${platform}` }
      : { uri: packageUrl(name, platform) }),
    digest: { sha256: digest.replace('sha256:', '') },
  }));
}

interface BaseImage {
  readonly name: string;
  readonly platform: string;
  readonly digest: string;
}

/** What the files of the build are put onto. */
function runtimeOf(layout: string, { platform, digest }: PlatformImage): BaseImage[] {
  const { annotations = {} } = blob(layout, digest);
  // https://github.com/opencontainers/image-spec/blob/main/annotations.md
  const name = annotations['org.opencontainers.image.base.name'];
  const base = annotations['org.opencontainers.image.base.digest'];
  return name && base ? [{ name, platform, digest: base }] : [];
}

/** What the build runs in. buildah keeps one image of several platforms' by a name, and so one is known. */
function nodeImage(): BaseImage {
  const format = '{{.OCIv1.OS}}/{{.OCIv1.Architecture}} {{.FromImageDigest}}';
  const args = ['inspect', '--type', 'image', '--format', format, NODE_IMAGE];
  const [platform = '', digest = ''] = run('buildah', args).trim().split(' ');
  return { name: NODE_IMAGE, platform, digest };
}

/** As BuildKit names images in its provenance: https://github.com/package-url/purl-spec */
function packageUrl(name: string, platform: string): string {
  const familiar = name.replace(/^docker\.io\/(library\/)?/, '').replace(/:([^:/]+)$/, '@$1');
  return `pkg:docker/${familiar}?platform=${encodeURIComponent(platform)}`;
}
