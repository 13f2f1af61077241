// Builds the image with docker, podman or buildah.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
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
}

/** Docker's client may be there without an engine: only an answer counts. */
export function works(builder: Builder): boolean {
  const args = [builder === 'buildah' ? 'version' : 'info'];
  return spawnSync(builder, args, { stdio: 'ignore' }).status === 0;
}

/** @throws Error when the build fails, which has said why */
export function buildImage({ builder, tag, variant, standIns, labels = {} }: Build): void {
  if (standIns) makeStandIns();
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
