// Frees a name of an image, so that something else can have it.
import { spawnSync } from 'node:child_process';

/** Does nothing where nothing has the name. */
export function freeName(builder: 'podman' | 'buildah', name: string): void {
  const succeeds = (args: readonly string[]) =>
    spawnSync(builder, args, { stdio: 'ignore' }).status === 0;
  // `rmi` of a list leaves it in Debian 12's buildah; `manifest rm` is refused for what is no list.
  if (!succeeds(['manifest', 'rm', name])) succeeds(['rmi', name]);
}
