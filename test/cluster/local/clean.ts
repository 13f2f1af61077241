// Removes the home-built cluster, whatever state it is in. All of it is synchronous, so that nothing interrupts it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { ClusterError } from '../cluster-error.ts';
import { removeCgroups } from './cgroups.ts';
import { removeNetwork } from './network.ts';
import { killNode, sleep } from './node.ts';
import { paths } from './settings.ts';
import { restoreSysctls } from './sysctls.ts';

/** @throws {ClusterError} where something cannot be removed. */
export function removeEverything(): void {
  killNode(); // its mounts go with its processes
  removeNetwork();
  let groups = removeCgroups();
  for (let tries = 0; groups.length > 0 && tries < 50; tries++) {
    sleep(200); // the kernel may still count processes that have ended
    groups = removeCgroups();
  }
  if (groups.length > 0) {
    throw new ClusterError(
      `These cgroups cannot be removed: ${groups.join(', ')}. A process that is not the cluster's may be in one: see its cgroup.procs.`,
    );
  }
  restoreSysctls();
  assertNothingMounted();
  rmSync(paths.state, { recursive: true, force: true });
}

/** Whatever is mounted below the state folder is somebody's: it must not be removed with it. */
function assertNothingMounted(): void {
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((folder) => folder.startsWith(`${paths.state}/`));
  if (mounted.length === 0 || !existsSync(paths.state)) return;
  throw new ClusterError(
    `${mounted.join(', ')} is still mounted. Unmount it ("umount ${mounted[0]}"), then run \`down\` again.`,
  );
}
