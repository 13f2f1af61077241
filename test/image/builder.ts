// Builds the image with docker, podman or buildah, for one platform or for several.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { freeName } from './free-name.ts';
import { architectureOf, buildPlatform, type Platform } from './platforms.ts';
import { makeStandIns } from './stand-ins.ts';

const root = path.resolve(import.meta.dirname, '../..');

export type Builder = 'docker' | 'podman' | 'buildah';

export interface Build {
  readonly builder: Builder;
  /** NAME:TAG of the image here. */
  readonly tag: string;
  readonly variant: string;
  /** Whether to build on local images in place of the base images' registries. */
  readonly standIns: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** None: the platform that builds. Several: the tag names a list of images. */
  readonly platforms?: readonly Platform[];
  /** Whether the tag names a list also of one image, whose platform is seen without fetching it. Not with docker. */
  readonly isList?: boolean;
}

/** Docker's client may be there without an engine: only an answer counts. */
export function works(builder: Builder): boolean {
  const args = [builder === 'buildah' ? 'version' : 'info'];
  return spawnSync(builder, args, { stdio: 'ignore' }).status === 0;
}

/** @throws Error when the build fails, which has said why */
export function buildImage(build: Build): void {
  const { builder, tag, standIns, platforms = [], isList = platforms.length > 1 } = build;
  // What is built from runs here, what is copied from is of the image's platform.
  if (standIns) makeStandIns([buildPlatform, ...platforms].map(architectureOf));
  if (!isList || builder === 'docker') {
    buildOne(build, tag, platforms);
    return;
  }
  // One after the other: at once, Debian 12's buildah lists them in the order in which they end, and their list has another digest.
  const members = platforms.map((platform) => memberOf(tag, platform));
  for (const [index, member] of members.entries())
    buildOne(build, member, platforms.slice(index, index + 1));
  freeName(builder, tag);
  runBuilder(builder, ['manifest', 'create', tag, ...members]);
}

/** The name of a platform's image beside the list of them all. */
export const memberOf = (tag: string, platform: Platform): string =>
  `${tag}-${architectureOf(platform)}`;

function buildOne(build: Build, tag: string, platforms: readonly Platform[]): void {
  const { builder, variant, standIns, labels = {} } = build;
  // The commit's time, so that the same source gives the same image.
  const timestamp = timeOfCommit();
  const own = {
    docker: ['build'],
    podman: ['build', '--timestamp', timestamp],
    buildah: [
      ...['bud', '--layers', '--timestamp', timestamp],
      ...['--isolation', 'chroot', '--network', 'host'],
    ],
  }[builder];
  runBuilder(builder, [
    ...own,
    ...(standIns ? ['--pull-never'] : []),
    ...secrets(),
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...(platforms.length > 0 ? ['--platform', platforms.join(',')] : []),
    // Docker sets it by itself; Debian 12's buildah does not.
    ...(builder === 'docker' ? [] : ['--build-arg', `BUILDPLATFORM=${buildPlatform}`]),
    ...['--build-arg', `VARIANT=${variant}`, '--tag', tag, root],
  ]);
}

/** @throws Error when it fails; what it prints is seen */
export function runBuilder(builder: Builder, args: readonly string[]): void {
  const { status, error } = spawnSync(builder, args, { stdio: 'inherit' });
  if (status !== 0)
    throw new Error(
      `${builder} ${args[0]} failed${error ? `: ${error.message}` : ` with status ${status}`}.`,
    );
}

/** For builds behind a proxy with a certificate authority of its own. */
function secrets(): readonly string[] {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  if (!certificates) return [];
  const npmrc = path.join(import.meta.dirname, 'npmrc');
  return ['--secret', `id=ca,src=${certificates}`, '--secret', `id=npmrc,src=${npmrc}`];
}

function timeOfCommit(): string {
  const { stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout?.trim() || '0';
}
