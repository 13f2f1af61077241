// A cluster that somebody else runs: the one of KUBECONFIG. It is used, and neither made nor removed.
import { existsSync } from 'node:fs';
import { kubectlOf } from './addons.ts';
import type { Cluster, Provider } from './cluster.ts';
import { ClusterError } from './cluster-error.ts';
import { succeeds } from './command.ts';

export const given = {
  name: 'given',

  async up(say) {
    const found = await given.cluster();
    say(`${found.kubeconfig} (KUBECONFIG) answers`);
  },

  async down(say) {
    say(`${process.env['KUBECONFIG']} (KUBECONFIG) is not ours, and stays as it is`);
  },

  async cluster() {
    const kubeconfig = process.env['KUBECONFIG'] ?? '';
    const otherwise = 'Put it right, or unset KUBECONFIG for a cluster of our own.';
    if (!existsSync(kubeconfig)) {
      throw new ClusterError(`KUBECONFIG is ${kubeconfig}: there is no such file. ${otherwise}`);
    }
    if (!succeeds('kubectl', ['version', '--client'])) {
      throw new ClusterError(
        'KUBECONFIG is set, and kubectl, which talks to that cluster, does not run here. Install it from https://kubernetes.io/docs/tasks/tools.',
      );
    }
    const kubectl = kubectlOf({ kubectl: 'kubectl', kubeconfig });
    try {
      await kubectl(['get', '--raw', '/readyz', '--request-timeout=5s']);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      throw new ClusterError(
        `The cluster of KUBECONFIG=${kubeconfig} does not answer: ${error.message} ${otherwise}`,
      );
    }
    return {
      provider: 'given',
      kubeconfig,
      kubectl: 'kubectl',
      ...routesFromEnvironment(),
      node: null,
      networkPolicyEnforced: process.env['CLUSTER_NETWORK_POLICY'] === 'on',
      volumes: null,
    } satisfies Cluster;
  },

  async loadImage() {
    throw new ClusterError(
      'Images are not loaded into the cluster of KUBECONFIG: push the image to a registry that it pulls from.',
    );
  },
} as const satisfies Provider;

/** How the cluster is reached from here cannot be read from it: people say it. */
function routesFromEnvironment(): Pick<Cluster, 'ingress' | 'gateway'> {
  const http = process.env['CLUSTER_INGRESS_HTTP'];
  const https = process.env['CLUSTER_INGRESS_HTTPS'];
  const ingressClass = process.env['CLUSTER_INGRESS_CLASS'];
  const [className, namespace, name] = process.env['CLUSTER_GATEWAY']?.split('/') ?? [];
  return {
    ingress: http && https && ingressClass ? { className: ingressClass, http, https } : null,
    gateway: className && namespace && name ? { className, namespace, name } : null,
  };
}
