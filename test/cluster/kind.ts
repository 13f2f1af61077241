// A cluster in Docker, by kind: for machines that have both. The addons' images are pulled by its node.
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { awaitAddons, gateway, installAddons, kubectlOf } from './addons.ts';
import { customResourceFiles } from './build/binaries.ts';
import { imageNames } from './build/oci-archive.ts';
import type { Cluster, Provider } from './cluster.ts';
import { ClusterError } from './cluster-error.ts';
import { attempt, run, succeeds } from './command.ts';

const name = 'ml-api';
const node = `${name}-control-plane`;
const kubeconfig = path.join(os.homedir(), '.kube', 'kind-ml-api');
const ingressAddress = '10.231.96.80';

/** Ports 0: kind takes free ones of this machine. The node ports are those of manifests/contour.yaml. */
const configuration = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: { serviceSubnet: 10.231.96.0/20 }
nodes:
  - role: control-plane
    extraPortMappings:
      - { containerPort: 30080, hostPort: 0, listenAddress: 127.0.0.1 }
      - { containerPort: 30443, hostPort: 0, listenAddress: 127.0.0.1 }
`;

export const kind = {
  name: 'kind',
  kubeconfig,

  /** Whether Docker's engine answers (its client may be there without one), and kind and kubectl are there. */
  usable: () =>
    succeeds('docker', ['info']) &&
    succeeds('kind', ['version']) &&
    succeeds('kubectl', ['version', '--client']),

  async up(say) {
    if (await exists()) return say('is up already');
    mkdirSync(path.dirname(kubeconfig), { recursive: true });
    try {
      const create = ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig];
      await run('kind', [...create, '--wait', '120s', '--config', '-'], { input: configuration });
      say('node ready');
      const kubectl = kubectlOf({ kubectl: 'kubectl', kubeconfig });
      await installAddons(kubectl, await customResourceFiles(), ingressAddress);
      await awaitAddons(kubectl, say);
    } catch (error) {
      // Half of it would pass for a whole one.
      attempt('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig]);
      throw error;
    }
  },

  async down(say) {
    if (!kind.usable() || !(await exists())) return say('no kind cluster is there');
    attempt('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig]);
    say('kind cluster removed');
  },

  async cluster() {
    if (!existsSync(kubeconfig) || !(await exists())) {
      throw new ClusterError('No cluster is up. Run: npm run cluster -- up');
    }
    const [http, https] = await Promise.all(['30080', '30443'].map(hostAddress));
    return {
      provider: 'kind',
      kubeconfig,
      kubectl: 'kubectl',
      ingress: { className: 'contour', http: http ?? '', https: https ?? '' },
      gateway,
      node,
      networkPolicyEnforced: true, // kindnet enforces it since kind 0.24
      volumes: null,
    } satisfies Cluster;
  },

  async loadImage(archive) {
    await kind.cluster();
    const names = await imageNames(archive);
    await run('kind', ['load', 'image-archive', archive, '--name', name]);
    return names;
  },
} as const satisfies Provider & { usable(): boolean; kubeconfig: string };

async function exists(): Promise<boolean> {
  return (await run('kind', ['get', 'clusters'])).split('\n').includes(name);
}

/** Where this machine reaches a port of the node. */
async function hostAddress(port: string): Promise<string> {
  return (await run('docker', ['port', node, `${port}/tcp`])).trim();
}
