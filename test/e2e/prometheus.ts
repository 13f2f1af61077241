// A real Prometheus on the cluster, for suites that need one.
import { afterAll, beforeAll, inject } from 'vitest';
import { applyManifests, kubectlOf, rolledOut } from '../cluster/addons.ts';
import { prometheusImages } from '../cluster/build/prometheus.ts';
import { provider } from '../cluster/cluster.ts';

/** Longest time that it may take: the first time, Prometheus is compiled. */
const hour = 3_600_000;

/** Where pods reach it. */
export const prometheusUrl = 'http://prometheus.monitoring:9090';

/** Where this machine reaches it. */
export async function prometheusFromHere(): Promise<string> {
  const kubectl = kubectlOf(inject('cluster'));
  const ip = ['get', 'service', 'prometheus', '--output=jsonpath={.spec.clusterIP}'];
  return `http://${await kubectl(['--namespace=monitoring', ...ip])}:9090`;
}

/** Brings it up before the tests of this file, and removes it after them. */
export function usePrometheus(): void {
  const kubectl = kubectlOf(inject('cluster'));
  const remove = () => kubectl(['delete', 'namespace', 'monitoring', '--ignore-not-found']);
  beforeAll(async () => {
    await remove(); // of a run that was interrupted
    for (const archive of await prometheusImages()) await provider().loadImage(archive);
    await applyManifests(kubectl, ['prometheus']);
    await rolledOut(kubectl, 'monitoring', 'prometheus');
  }, hour);
  afterAll(remove);
}
