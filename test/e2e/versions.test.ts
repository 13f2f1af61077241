// Two versions at once: each at its own path, a split of the rest by weight, and a header that pins a version.
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { golden } from './golden.ts';
import { eventually, ingressUrl, predict, urlInCluster } from './http.ts';
import { Load, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';
import { binomialInterval } from './statistics.ts';

const versions = ['v1', 'v2'] as const;

describe('two versions behind an Ingress', () => {
  const namespace = useNamespace('versions-ingress');
  const release = new Release(namespace);
  const values: Values = {
    versionDefaults: { autoscaling: { type: 'none' } }, // a second pod would read other weights a while later
    versions: { v1: {}, v2: {} },
    tests: { ingressUrl: urlInCluster() },
  };

  beforeAll(async () => {
    await release.install(values);
  });

  it.each(versions)('%s answers at its own path, with its own predictions', async (version) => {
    const { inputs, prediction } = golden(version);
    const answer = await eventually(10, () => okFrom(release.host, `/${version}/predict`, inputs));
    expect(answer.version).toBe(version);
    expect(answer.body.prediction).toEqual(prediction);
  });

  it("other weights of the predictor's split, and another version, restart no pod and lose no request", async () => {
    // Each rollout of a Deployment has a ReplicaSet of its own.
    const rollouts = async () => {
      const sets = await namespace.list('replicasets', 'ml-api/model-version in (v1, v2)');
      return sets.map(({ metadata }) => metadata.name).sort();
    };
    const before = await rollouts();
    const load = new Load({ url: `${ingressUrl()}/predict`, host: release.host, rate: 50 });
    await release.install({
      ...values,
      versions: { v1: {}, v2: {}, v3: { model: { path: '/models/v1' } } },
      traffic: { splitBy: 'predictor', weights: { v1: 0, v2: 1 }, shadow: { to: 'v3' } },
    });
    await eventually(60, async () => {
      expect((await okFrom(release.host, '/predict', [5.1, 3.5, 1.4, 0.2])).version).toBe('v2');
    });
    const { sent, failed, errors } = await load.stop();
    console.log(`v1 1 → v2 1: ${sent} sent, ${failed} failed`);
    expect({ failed, errors }).toEqual({ failed: 0, errors: [] });
    expect(await rollouts()).toEqual(before);
  });

  it('the default version answers at the root, and another one after it was made the default', async () => {
    await release.install(values);
    await eventually(60, async () => {
      expect((await okFrom(release.host, '/predict', [5.1, 3.5, 1.4, 0.2])).version).toBe('v1');
    });
    await release.install({ ...values, defaultVersion: 'v2' });
    await eventually(10, async () => {
      const { version } = await okFrom(release.host, '/predict', [5.1, 3.5, 1.4, 0.2]);
      expect(version).toBe('v2');
    });
  });

  it('passes helm test for both, through the Ingress where pods know it', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output).toContain('ml-api-v1-test');
    expect(output).toContain('ml-api-v2-test');
    if (urlInCluster() !== '') {
      expect(output).toMatch(/ingress: predictions: 150 rows as expected/);
    }
  });
});

describe.skipIf(inject('cluster').gateway === null)('two versions behind a Gateway', () => {
  const namespace = useNamespace('versions-gateway');
  const release = new Release(namespace);
  const { gateway } = inject('cluster');

  const values = (weights: Values): Values => ({
    versions: { v1: {}, v2: {} },
    traffic: { weights },
    ingress: { enabled: false },
    httpRoute: {
      enabled: true,
      hostnames: [release.host],
      parentRefs: [{ name: gateway?.name, namespace: gateway?.namespace }],
    },
    tests: { gatewayUrl: urlInCluster() },
  });

  beforeAll(async () => {
    await release.install(values({ v1: 90, v2: 10 }));
    await eventually(10, () => okFrom(release.host, '/predict', [5.1, 3.5, 1.4, 0.2]));
  });

  it('5,000 requests are split 90 to 10, within the bound of chance', async () => {
    const counts = await countVersions(release.host, 5000);
    const [least, most] = binomialInterval({ trials: 5000, probability: 0.1, confidence: 0.999 });
    console.log(
      `v1 ${counts.v1}, v2 ${counts.v2}; 99.9 % of such splits have ${least} to ${most} for v2`,
    );
    expect(counts.v1 + counts.v2).toBe(5000);
    expect(counts.v2).toBeGreaterThanOrEqual(least);
    expect(counts.v2).toBeLessThanOrEqual(most);
  });

  it.each(versions)('every version answers at its own path: %s', async (version) => {
    const { inputs, prediction } = golden(version);
    const answer = await okFrom(release.host, `/${version}/predict`, inputs);
    expect(answer.version).toBe(version);
    expect(answer.body.prediction).toEqual(prediction);
  });

  it.each(versions)('the header pins testers to %s, whatever the weights', async (version) => {
    for (let i = 0; i < 50; i++) {
      const answer = await predict(release.host, '/predict', [5.1, 3.5, 1.4, 0.2], {
        headers: { 'ML-Version': version },
      });
      expect(answer).toMatchObject({ status: 200, version });
    }
  });

  it.skipIf(urlInCluster() === '')('passes helm test through the Gateway', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output).toMatch(/gateway: predictions: 150 rows as expected/);
  });

  it('weights change under load without a lost request', async () => {
    const load = new Load({ url: `${ingressUrl()}/predict`, host: release.host, rate: 200 });
    await seconds(2);
    for (const v2 of [50, 100, 10]) await release.install(values({ v1: 100 - v2, v2 }));
    await seconds(2);
    const { sent, failed, errors } = await load.stop();
    console.log(`90/10 → 50/50 → 0/100 → 90/10: ${sent} sent, ${failed} failed`);
    expect({ failed, errors }).toEqual({ failed: 0, errors: [] });
  });

  it('a version of weight 0 gets nothing, and one of all the weight everything', async () => {
    await release.install(values({ v1: 0, v2: 100 }));
    await eventually(10, async () => {
      expect(await countVersions(release.host, 200)).toEqual({ v1: 0, v2: 200 });
    });
  });
});

async function okFrom(host: string, path: string, inputs: unknown) {
  const answer = await predict(host, path, inputs);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer;
}

/** How many of so many requests each version answered. Sent by twenty at once. */
async function countVersions(host: string, requests: number): Promise<{ v1: number; v2: number }> {
  const counts = { v1: 0, v2: 0 };
  let left = requests;
  const sender = async () => {
    while (left-- > 0) {
      const { version } = await okFrom(host, '/predict', [5.1, 3.5, 1.4, 0.2]);
      if (version === 'v1' || version === 'v2') counts[version] += 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, sender));
  return counts;
}
