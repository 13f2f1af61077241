// The cluster that tests run on, wherever it comes from. Tests import `cluster()`; people use cli.ts.
import { ClusterError } from './cluster-error.ts';
import { given } from './given.ts';
import { kind } from './kind.ts';
import { local } from './local/local.ts';
import { paths } from './local/settings.ts';

/** What a test needs to know of a cluster. null: the cluster has none, or nobody told. */
export type Cluster = {
  readonly provider: 'given' | 'kind' | 'local';
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path or name of a kubectl of about the cluster's version. */
  readonly kubectl: string;
  /** Where this machine reaches Ingresses and Gateway routes: "address:port" of HTTP and of HTTPS. */
  readonly ingress: {
    readonly className: string;
    readonly http: string;
    readonly https: string;
  } | null;
  /** A Gateway that takes HTTPRoutes and GRPCRoutes from every namespace, reached at `ingress.http`. */
  readonly gateway: {
    readonly className: string;
    readonly namespace: string;
    readonly name: string;
  } | null;
  /** The only node's name. */
  readonly node: string | null;
  readonly networkPolicyEnforced: boolean;
  /** A folder at the same path on this machine and on the node, for hostPath volumes; `down` removes it. */
  readonly volumes: string | null;
};

/** What to do where `ingress` is null. */
export const unknownAddress =
  'How the cluster of KUBECONFIG is reached from here is not known: set CLUSTER_INGRESS_HTTP and CLUSTER_INGRESS_HTTPS (address:port) and CLUSTER_INGRESS_CLASS.';

/** One way to have a cluster. */
export type Provider = {
  readonly name: Cluster['provider'];
  /** Brings it up; returns at once where it is up. `say` takes a line of progress. */
  up(say: (line: string) => void): Promise<void>;
  /** Removes all of it, whatever state it is in. Cannot be interrupted. */
  down(say: (line: string) => void): Promise<void>;
  /** @throws {ClusterError} where it is not up, with what to do. */
  cluster(): Promise<Cluster>;
  /** Puts the images of an OCI archive onto the node; gives their names. */
  loadImage(archive: string): Promise<readonly string[]>;
};

/**
 * The provider in force: the cluster of KUBECONFIG; else what is up already; else kind, where Docker answers;
 * else the home-built cluster.
 */
export function provider(): Provider {
  const kubeconfig = process.env['KUBECONFIG'];
  // People export the path that `kubeconfig` printed: that is still our own cluster.
  if (kubeconfig && kubeconfig !== paths.kubeconfig && kubeconfig !== kind.kubeconfig) return given;
  if (local.exists()) return local;
  if (kind.usable()) return kind;
  return local;
}

/** The cluster that is up. @throws {ClusterError} where none is. */
export async function cluster(): Promise<Cluster> {
  return await provider().cluster();
}

/** Removes every cluster of ours, also one that another choice of provider would now hide; leaves one of yours. */
export async function down(say: (line: string) => void): Promise<void> {
  const chosen = provider();
  if (chosen.name === 'given') return await chosen.down(say);
  await local.down(say);
  if (kind.usable()) await kind.down(say);
}

export { ClusterError };
