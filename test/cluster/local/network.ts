// The node's network: a namespace with one link to the host and no route out.
import { closeSync, openSync } from 'node:fs';
import { ClusterError } from '../cluster-error.ts';
import { attempt, run } from '../command.ts';
import { type Addresses, hostInterface, paths } from './settings.ts';

/** Makes the namespace and the link, so that the host reaches node, pods and services by their addresses. */
export async function createNetwork(addresses: Addresses): Promise<void> {
  const namespace = paths.networkNamespace;
  closeSync(openSync(namespace, 'w'));
  await run('unshare', [`--net=${namespace}`, 'true']);
  const inNode = (...command: string[]) => run('nsenter', [`--net=${namespace}`, ...command]);

  const link = ['link', 'add', hostInterface, 'type', 'veth', 'peer', 'name', 'eth0'];
  await run('ip', [...link, 'netns', namespace]);
  await run('ip', ['address', 'add', `${addresses.host}/30`, 'dev', hostInterface]);
  await run('ip', ['link', 'set', hostInterface, 'up']);
  await inNode('ip', 'address', 'add', `${addresses.node}/30`, 'dev', 'eth0');
  await inNode('ip', 'link', 'set', 'lo', 'up');
  await inNode('ip', 'link', 'set', 'eth0', 'up');
  await inNode('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  // A connection needs a route before kube-proxy can turn it to a pod.
  await inNode('ip', 'route', 'add', addresses.services, 'dev', 'eth0');
  await run('ip', ['route', 'add', addresses.all, 'via', addresses.node]);
}

export function removeNetwork(): void {
  attempt('ip', ['link', 'delete', hostInterface]); // its routes go with it
  attempt('umount', [paths.networkNamespace]);
}

/** @throws {ClusterError} where the machine already reaches something at the cluster's addresses. */
export async function checkAddressesAreFree(addresses: Addresses): Promise<void> {
  const routes: { dst: string; dev?: string }[] = JSON.parse(
    await run('ip', ['-json', '-4', 'route', 'show', 'table', 'main']),
  );
  const taken = routes.find(({ dst }) => dst !== 'default' && overlap(dst, addresses.all));
  if (taken === undefined) return;
  throw new ClusterError(
    `The cluster's addresses ${addresses.all} are taken: this machine reaches ${taken.dst} through ${taken.dev ?? 'another route'}. Choose another network, such as CLUSTER_NETWORK=10.199.0.0/16.`,
  );
}

/** Whether two IPv4 networks, or addresses, share an address. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [range(one), range(other)];
  return a.first <= b.last && b.first <= a.last;
}

function range(network: string): { first: number; last: number } {
  const [address = '', bits = '32'] = network.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = number - (number % size);
  return { first, last: first + size - 1 };
}
