// What an OCI registry has, and lets us do. Credentials are those of `docker login`.
import os from 'node:os';
import path from 'node:path';
import type { Repository } from '../test/image/repository.ts';
import { runTool } from '../test/tools/tool.ts';
import { ReleaseProblem } from './problem.ts';

/** Of `{}`, which artifacts without a content share. */
const EMPTY = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';

/** Of oras and helm; cosign has a name of its own for it. */
export const plainHttp = ({ isLocal }: Repository): string[] => (isLocal ? ['--plain-http'] : []);

/** Where `docker login` writes to, and all tools but helm read by themselves. */
export function loginFile(env: NodeJS.ProcessEnv): string {
  return path.join(env['DOCKER_CONFIG'] || path.join(os.homedir(), '.docker'), 'config.json');
}

/** @throws ReleaseProblem where the tag is there already, or nobody can tell */
export function expectAbsent(repository: Repository, tag: string): void {
  const reference = `${repository.name}:${tag}`;
  const args = ['manifest', 'fetch', '--descriptor', ...plainHttp(repository), reference];
  const { status, stderr } = runTool('oras', args);
  if (status === 0)
    throw new ReleaseProblem(
      `${reference} is already published. What has been published is not changed: prepare a higher version with npm run release:prepare -- VERSION`,
    );
  // What it has not is not found; nor is a login that is missing.
  if (isRefusal(repository, stderr) || !/: not found\s*$/.test(stderr))
    throw refused(repository, 'read', stderr);
}

/** @throws ReleaseProblem where a push would be refused: better before a build than after it */
export function expectWritable(repository: Repository): void {
  const args = ['blob', 'push', ...plainHttp(repository), '--size', '2'];
  const { status, stderr } = runTool('oras', [...args, `${repository.name}@${EMPTY}`, '-'], {
    input: '{}',
  });
  if (status !== 0) throw refused(repository, 'pushed to', stderr);
}

function refused(repository: Repository, what: string, said: string): ReleaseProblem {
  const { host, name } = repository;
  return new ReleaseProblem(
    isRefusal(repository, said)
      ? `${name} cannot be ${what} with the login that is here. Log in as somebody who may push to it: docker login ${host}`
      : `${name} cannot be ${what}: ${said.trim()}`,
  );
}

/** @param said by oras, which names the repository in it */
function isRefusal({ host, name }: Repository, said: string): boolean {
  return /status code 40[13]\b|unauthorized|denied|credential|authentication/i.test(
    said.replaceAll(name, '').replaceAll(host, ''),
  );
}
