// Pushes an image to a registry, so that a cluster can pull it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Builder } from './builder.ts';
import { digestAmong, type Repository } from './repository.ts';

/**
 * @param isList whether the name is that of a list of images, one a platform
 * @returns the digest that the registry knows the image by; undefined when the push failed, which has said why
 */
export function push(
  builder: Builder,
  image: string,
  repository: Repository,
  tag: string,
  isList: boolean,
): string | undefined {
  const target = `${repository.name}:${tag}`;
  if (builder === 'docker') {
    if (!succeeds('docker', ['tag', image, target]) || !succeeds('docker', ['push', target]))
      return undefined;
    const { stdout } = spawnSync(
      'docker',
      ['inspect', '--format', '{{range .RepoDigests}}{{println .}}{{end}}', target],
      { encoding: 'utf8' },
    );
    return digestAmong(stdout.split('\n'), repository);
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'push-'));
  try {
    const file = path.join(folder, 'digest');
    const local = repository.isLocal ? ['--tls-verify=false'] : [];
    const command = isList ? ['manifest', 'push', '--all'] : ['push'];
    const args = [...command, ...local, '--digestfile', file, image, `docker://${target}`];
    return succeeds(builder, args) ? readFileSync(file, 'utf8').trim() : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}
