// Names, folders and addresses of the home-built cluster: there is one on a machine, so `down` finds it from anywhere.
import path from 'node:path';
import { ClusterError } from '../cluster-error.ts';

export const nodeName = 'node';
/** The host's end of the node's only link. */
export const hostInterface = 'ml-api0';
/** The group in each cgroup hierarchy that all pods are in. */
export const cgroup = 'ml-api-cluster';

/** Everything that the cluster writes lies here, and goes with `down`. */
const state = '/var/lib/ml-api-cluster';
export const paths = {
  state,
  /** A mount of the node's network namespace: while a process is in it, the node lives. */
  networkNamespace: path.join(state, 'network-namespace'),
  certificates: path.join(state, 'certificates'),
  kubeconfig: path.join(state, 'kubeconfig'),
  configuration: path.join(state, 'configuration'),
  /** Where its containerd pulls from, by the names of registries. */
  registries: path.join(state, 'registries'),
  logs: path.join(state, 'logs'),
  volumes: path.join(state, 'volumes'),
  /** The sysctls of the machine as they were before. */
  sysctls: path.join(state, 'sysctls.json'),
  /** The addresses that it was started with. */
  addresses: path.join(state, 'addresses.json'),
  /** Is there once it has been up: what is there without it is half-started. */
  complete: path.join(state, 'complete'),
  /** The programs that it was started with. */
  binaries: path.join(state, 'binaries'),
};

/** The addresses of the cluster, all within one /16 that CLUSTER_NETWORK moves. */
export type Addresses = {
  readonly all: string;
  readonly host: string;
  readonly node: string;
  readonly pods: string;
  readonly services: string;
  readonly apiService: string;
  readonly dns: string;
  readonly ingress: string;
};

/** @throws {ClusterError} where the network is not written as 10.231.0.0/16 is. */
export function addresses(network = process.env['CLUSTER_NETWORK'] || '10.231.0.0/16'): Addresses {
  const [, first = '', second = ''] = /^(\d{1,3})\.(\d{1,3})\.0\.0\/16$/.exec(network) ?? [];
  if (first === '' || Number(first) > 223 || Number(second) > 255) {
    throw new ClusterError(
      `CLUSTER_NETWORK is "${network}": expected a private network of size /16, such as 10.231.0.0/16.`,
    );
  }
  const prefix = `${first}.${second}`;
  return {
    all: network,
    host: `${prefix}.0.1`,
    node: `${prefix}.0.2`,
    pods: `${prefix}.1.0/24`,
    services: `${prefix}.96.0/20`,
    apiService: `${prefix}.96.1`,
    dns: `${prefix}.96.10`,
    ingress: `${prefix}.96.80`,
  };
}
