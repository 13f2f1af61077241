// The predictor's image, from this checkout onto the node of the cluster, without a registry.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { registriesAnswer } from '../image/registries.ts';
import type { Provider } from './cluster.ts';
import { runAloud, succeeds } from './command.ts';
import { installPackages } from './packages.ts';

const root = path.resolve(import.meta.dirname, '../..');

export type ImageName = { readonly repository: string; readonly tag: string };

/**
 * Builds the image with what is there and puts it onto the node; where the registries of its base images cannot be
 * reached, on stand-ins made of Debian's packages. Where no builder is there, installs buildah.
 */
export async function loadPredictorImage(
  cluster: Provider,
  say: (line: string) => void,
): Promise<ImageName> {
  const standIns = !(await registriesAnswer());
  const builders = standIns
    ? []
    : [
        ['docker', 'info'],
        ['podman', 'info'],
      ];
  const missing = [
    ...(builders.some(([command = '', argument = '']) => succeeds(command, [argument])) ||
    succeeds('buildah', ['version'])
      ? []
      : ['buildah']),
    ...(standIns && !succeeds('mmdebstrap', ['--version']) ? ['mmdebstrap'] : []),
  ];
  await installPackages(missing, say);

  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const name = { repository: 'localhost/ml-api', tag: String(version) };
  const folder = mkdtempSync(path.join(os.tmpdir(), 'predictor-image-'));
  const archive = path.join(folder, 'image.tar');
  try {
    say(
      `building ${name.repository}:${name.tag}${standIns ? ', on stand-ins of its base images' : ''}`,
    );
    const build = ['test/image/build.ts', '--tag', `${name.repository}:${name.tag}`];
    const options = standIns ? ['--stand-ins'] : [];
    await runAloud(process.execPath, [...build, ...options, '--archive', archive], { cwd: root });
    await cluster.loadImage(archive);
    say('the image is on the node');
  } finally {
    rmSync(folder, { recursive: true });
  }
  return name;
}
