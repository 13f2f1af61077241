// The home-built cluster: a single-node Kubernetes in namespaces of its own on this machine.
import { existsSync, readFileSync } from 'node:fs';
import { gateway, kubectlOf } from '../addons.ts';
import { assertFree } from '../build/cache.ts';
import { build } from '../build/images.ts';
import { imageNames } from '../build/oci-archive.ts';
import type { Cluster, Provider } from '../cluster.ts';
import { ClusterError } from '../cluster-error.ts';
import { interruption } from '../command.ts';
import { removeEverything } from './clean.ts';
import { binary } from './components.ts';
import { importImage } from './images.ts';
import { exclusively } from './lock.ts';
import { checkAddressesAreFree } from './network.ts';
import { nodeRuns } from './node.ts';
import { assertPossible, assertRoot, installMissing } from './requirements.ts';
import { type Addresses, addresses, nodeName, paths } from './settings.ts';
import { start } from './start.ts';

export const local = {
  name: 'local',

  /** Whether anything of it is there, be it half-started. */
  exists: () => existsSync(paths.state),

  async up(say) {
    assertPossible();
    const wanted = addresses();
    await exclusively('up', async () => {
      if (nodeRuns() && (await isHealthy())) return say('is up already');
      if (local.exists()) {
        say('removing what an earlier run has left');
        removeEverything();
      }
      await installMissing(say);
      await checkAddressesAreFree(wanted);
      const built = await build();
      assertFree('/var/lib', 3, 'for the images and data of the cluster');
      try {
        await start(built, wanted, say);
      } catch (error) {
        if (interruption.signal.aborted) removeEverything();
        throw error; // else it stays, for its logs
      }
    });
  },

  async down(say) {
    if (!local.exists()) return say('no home-built cluster is there');
    assertRoot();
    await exclusively('down', async () => removeEverything());
    say('home-built cluster removed');
  },

  async cluster() {
    if (!local.exists()) throw new ClusterError('No cluster is up. Run: npm run cluster -- up');
    assertRoot();
    if (!existsSync(paths.complete)) {
      throw new ClusterError('The cluster is half-started. Run: npm run cluster -- up');
    }
    if (!nodeRuns() || !(await answers())) {
      throw new ClusterError('The cluster has broken down. Run: npm run cluster -- up');
    }
    const { ingress }: Addresses = JSON.parse(readFileSync(paths.addresses, 'utf8'));
    return {
      provider: 'local',
      kubeconfig: paths.kubeconfig,
      kubectl: binary('kubectl'),
      ingress: { className: 'contour', http: `${ingress}:80`, https: `${ingress}:443` },
      gateway,
      node: nodeName,
      networkPolicyEnforced: true,
      volumes: paths.volumes,
    } satisfies Cluster;
  },

  async loadImage(archive) {
    await local.cluster();
    const names = await imageNames(archive);
    await importImage(archive);
    return names;
  },
} as const satisfies Provider & { exists(): boolean };

/** Whether the API server does. */
async function answers(): Promise<boolean> {
  const kubectl = kubectlOf({ kubectl: binary('kubectl'), kubeconfig: paths.kubeconfig });
  return await succeeded(() => kubectl(['get', '--raw', '/readyz', '--request-timeout=3s']));
}

/** Whether Kubernetes answers, and what it consists of is available. */
async function isHealthy(): Promise<boolean> {
  if (!existsSync(paths.complete) || !(await answers())) return false;
  const kubectl = kubectlOf({ kubectl: binary('kubectl'), kubeconfig: paths.kubeconfig });
  return await succeeded(async () => {
    for (const namespace of ['kube-system', 'ingress']) {
      const available = ['wait', '--for=condition=Available', 'deployment', '--all'];
      await kubectl([`--namespace=${namespace}`, ...available, '--timeout=3s']);
    }
    await kubectl(['get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes', '--request-timeout=3s']);
  });
}

async function succeeded(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof ClusterError) return false;
    throw error;
  }
}
