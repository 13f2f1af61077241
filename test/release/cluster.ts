// A cluster for what a rehearsal has published: its node pulls from the rehearsal's registry.
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type Kubectl, kubectlOf } from '../cluster/addons.ts';
import { ClusterError } from '../cluster/cluster-error.ts';
import { pullFrom } from '../cluster/local/images.ts';
import { local } from '../cluster/local/local.ts';
import { assertPossible } from '../cluster/local/requirements.ts';
import { type Addresses, paths } from '../cluster/local/settings.ts';

export interface RehearsalCluster {
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  /** Where its Ingress is reached. */
  readonly ingress: string;
  stop(): Promise<void>;
}

/** Whether this machine can have the home-built cluster at all. */
export function canHaveCluster(): boolean {
  try {
    assertPossible();
    return true;
  } catch (error) {
    if (error instanceof ClusterError) return false;
    throw error;
  }
}

/**
 * Brings the home-built cluster up, unless it is.
 * @param port of the registry, which listens on the loopback address, and by which its images are named
 */
export async function startCluster(port: number): Promise<RehearsalCluster> {
  const wasUp = local.exists();
  await local.up(say);
  const { ingress, kubeconfig, kubectl } = await local.cluster();
  const { host }: Addresses = JSON.parse(readFileSync(paths.addresses, 'utf8'));
  // The node has a loopback address of its own; by this one it reaches this machine, and nobody else does.
  const forwarder = createServer((node) => {
    const registry = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [node, registry],
      [registry, node],
    ] as const)
      pipeline(from, to).catch(() => to.destroy());
  });
  const forwarded = await new Promise<number>((resolve, reject) => {
    forwarder.once('error', reject).listen(0, host, () => {
      const address = forwarder.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  pullFrom(`127.0.0.1:${port}`, `http://${host}:${forwarded}`);
  return {
    kubectl: kubectlOf({ kubectl, kubeconfig }),
    kubeconfig,
    ingress: `http://${ingress.http}`,
    async stop() {
      forwarder.close();
      if (!wasUp) await local.down(say);
    },
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
