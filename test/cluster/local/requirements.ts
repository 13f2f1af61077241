// What the machine must have for the home-built cluster.
import { existsSync } from 'node:fs';
import { ClusterError } from '../cluster-error.ts';
import { installPackages } from '../packages.ts';

/** Where distributions put the CNI plugins. */
export const pluginFolders = ['/usr/lib/cni', '/usr/libexec/cni', '/opt/cni/bin'];

/** Programs by the Debian package that has them. */
const programs = {
  runc: 'runc',
  nft: 'nftables',
  openssl: 'openssl',
  ip: 'iproute2',
  sysctl: 'procps',
  mount: 'mount',
} as const;

/** @throws {ClusterError} where such a cluster cannot be had here at all. */
export function assertPossible(): void {
  const otherwise = 'Start Docker and install kind, or set KUBECONFIG to a cluster of yours.';
  if (process.platform !== 'linux') {
    throw new ClusterError(
      `A home-built cluster needs Linux, and this is ${process.platform}. ${otherwise}`,
    );
  }
  if (process.arch !== 'x64') {
    throw new ClusterError(
      `A home-built cluster needs an x64 machine: Envoy is pinned for it alone, and this is ${process.arch}. ${otherwise}`,
    );
  }
  assertRoot(otherwise);
}

/** @throws {ClusterError} without root. */
export function assertRoot(otherwise = ''): void {
  if (process.getuid?.() === 0) return;
  throw new ClusterError(
    `A home-built cluster makes namespaces, mounts and cgroups, for which it must be root. Run it with sudo. ${otherwise}`.trim(),
  );
}

/** Installs what the cluster's node needs and is missing. @throws {ClusterError} where that cannot be. */
export async function installMissing(say: (line: string) => void): Promise<void> {
  await installPackages(missingPackages(), say);
  const still = missingPackages();
  if (still.length === 0) return;
  throw new ClusterError(`apt-get installed them, and ${still.join(' ')} is still missing.`);
}

function missingPackages(): string[] {
  const folders = (process.env['PATH'] ?? '').split(':');
  const missing: string[] = Object.entries(programs)
    .filter(([program]) => !folders.some((folder) => existsSync(`${folder}/${program}`)))
    .map(([, debianPackage]) => debianPackage);
  if (!pluginFolders.some((folder) => existsSync(`${folder}/ptp`))) {
    missing.push('containernetworking-plugins');
  }
  return missing;
}
