// Installs Debian packages that are missing, where that can be done.
import { ClusterError } from './cluster-error.ts';
import { run, succeeds } from './command.ts';

/** Installs packages. @throws {ClusterError} where that needs another system or another user, naming them. */
export async function installPackages(
  packages: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  if (packages.length === 0) return;
  const how = `apt-get install ${packages.join(' ')}`;
  if (!succeeds('apt-get', ['--version'])) {
    throw new ClusterError(
      `These programs are missing here; on Debian they come by "${how}". Install what your distribution calls them.`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new ClusterError(`Programs are missing here. Install them: sudo ${how}`);
  }
  say(`installing ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}
