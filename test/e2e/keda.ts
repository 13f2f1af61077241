// KEDA on the cluster, for suites that scale by it.
import { afterAll, beforeAll, inject } from 'vitest';
import { kubectlOf, rolledOut } from '../cluster/addons.ts';
import { buildKeda } from '../cluster/build/keda.ts';
import { provider } from '../cluster/cluster.ts';

/** Longest time that it may take: the first time, KEDA is compiled. */
const hour = 3_600_000;

/** Installs it before the tests of this file, and removes it after them. */
export function useKeda(): void {
  const kubectl = kubectlOf(inject('cluster'));
  let manifests = '';
  beforeAll(async () => {
    const keda = await buildKeda();
    manifests = keda.manifests;
    for (const archive of keda.archives) await provider().loadImage(archive);
    await kubectl(['apply', '--server-side', '--kustomize', manifests]);
    for (const name of ['keda-operator', 'keda-metrics-apiserver', 'keda-admission'])
      await rolledOut(kubectl, 'keda', name);
  }, hour);
  afterAll(() =>
    kubectl(['delete', '--kustomize', manifests, '--ignore-not-found', '--wait=false']),
  );
}
