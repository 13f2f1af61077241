// Pod Security "restricted": the namespaces of all suites enforce it. Here, that it is enforced indeed, and that nothing
// of the chart would even be warned about.
import { describe, expect, it } from 'vitest';
import { useNamespace } from './namespace.ts';
import { Release } from './release.ts';

describe('in a namespace that enforces Pod Security "restricted"', () => {
  const namespace = useNamespace('pod-security');

  it('a pod that asks for more is refused', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'root' },
      spec: { containers: [{ name: 'root', image: 'localhost/ml-api' }] },
    };
    await expect(namespace.apply(pod)).rejects.toThrow(/violates PodSecurity "restricted:latest"/);
  });

  it('a release with a test pod and an init container runs', async () => {
    const release = new Release(namespace);
    const output = await release.install(
      {
        versions: {
          v1: { initContainers: [{ name: 'first', image: 'unused', command: ['unused'] }] },
        },
      },
      ['--dry-run=server'],
    );
    expect(output).not.toContain('would violate');
    await release.install();
    const { ok, output: said } = await release.test();
    expect(ok, said).toBe(true);
    const [pod] = await namespace.predictors();
    expect(pod?.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        { securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } },
      ],
    });
  });
});
