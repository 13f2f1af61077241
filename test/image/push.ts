// Pushes an image to a registry, so that a cluster can pull it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Builder = 'docker' | 'podman' | 'buildah';

/** HOST/NAME with lower-case names, as registries have them; without tag and digest. */
const REPOSITORY =
  /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)+$/;

/** What is wrong with a repository's name; undefined for nothing. */
export function repositoryProblem(repository: string): string | undefined {
  return REPOSITORY.test(repository)
    ? undefined
    : `--push: expected REGISTRY/REPOSITORY in lower case, without a tag, such as ghcr.io/you/ml-api; got ${JSON.stringify(repository)}.`;
}

/** @returns the digest that the registry knows the image by; undefined when the push failed, which has said why */
export function push(
  builder: Builder,
  image: string,
  repository: string,
  tag: string,
): string | undefined {
  const target = `${repository}:${tag}`;
  if (builder === 'docker') {
    if (!succeeds('docker', ['tag', image, target]) || !succeeds('docker', ['push', target]))
      return undefined;
    const { stdout } = spawnSync(
      'docker',
      ['inspect', '--format', '{{range .RepoDigests}}{{println .}}{{end}}', target],
      { encoding: 'utf8' },
    );
    const of = stdout.split('\n').find((line) => line.startsWith(`${repository}@`));
    return of?.slice(repository.length + 1);
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'push-'));
  try {
    const file = path.join(folder, 'digest');
    // Docker, too, speaks plain HTTP to a registry on the same machine.
    const local = /^(localhost|127(\.\d+){3}|\[::1\])(?=[:/])/.test(repository)
      ? ['--tls-verify=false']
      : [];
    return succeeds(builder, ['push', ...local, '--digestfile', file, image, `docker://${target}`])
      ? readFileSync(file, 'utf8').trim()
      : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}
