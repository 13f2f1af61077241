// The Open Inference Protocol over gRPC: through Contour's Ingress, through a Gateway that splits by weights, and straight to the
// Service. What happens to calls while pods go is in no-loss.test.ts.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { InferenceClient, type Options } from './grpc.ts';
import { eventually, ingressAddress, urlInCluster } from './http.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';
import { binomialInterval } from './statistics.ts';

const port = 8001;
const isContour = inject('cluster').ingress?.className === 'contour';

describe.skipIf(!isContour)('gRPC behind an Ingress', () => {
  const namespace = useNamespace('grpc-ingress');
  const release = new Release(namespace);
  const host = `grpc.${release.host}`;
  let client: InferenceClient;

  beforeAll(async () => {
    await release.install({
      versions: { v1: { ports: { grpc: port } } },
      ingress: {
        hosts: [release.host],
        controller: 'contour',
        grpc: { enabled: true, hosts: [host] },
      },
      tests: { ingressUrl: urlInCluster() },
    });
    client = new InferenceClient(ingressAddress(), host);
    await eventually(10, () => predicts(client));
  });
  afterAll(() => client?.close());

  it('a call predicts', async () => {
    expect(await client.infer()).toEqual({ code: 'OK', details: '', version: 'v1', label: 0 });
  });

  it('a stream predicts, a response for each request', async () => {
    expect(await client.stream(100)).toEqual(Array(100).fill('v1'));
  });

  it('the Service leads there, too', async () => {
    const address = new URL(await namespace.serviceUrl('ml-api-v1')).host;
    const direct = new InferenceClient(`${address}:${port}`);
    expect(await direct.infer()).toMatchObject({ code: 'OK', label: 0 });
    direct.close();
  });

  it('the host of HTTP has none', async () => {
    const other = new InferenceClient(ingressAddress(), release.host);
    expect((await other.infer()).code).not.toBe('OK');
    other.close();
  });

  it('passes helm test, through the Ingress where pods know it', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output).toMatch(/service-grpc: predictions over gRPC: 150 rows as expected/);
    if (urlInCluster() !== '')
      expect(output).toMatch(/ingress-grpc: predictions over gRPC: 150 rows as expected/);
  });
});

describe.skipIf(inject('cluster').gateway === null)('gRPC behind a Gateway', () => {
  const namespace = useNamespace('grpc-gateway');
  const release = new Release(namespace);
  const host = `grpc.${release.host}`;
  const { gateway } = inject('cluster');
  let client: InferenceClient;

  const values: Values = {
    versionDefaults: { ports: { grpc: port } },
    versions: { v1: {}, v2: {} },
    traffic: { weights: { v1: 90, v2: 10 } },
    ingress: { enabled: false },
    httpRoute: {
      enabled: true,
      hostnames: [release.host],
      parentRefs: [{ name: gateway?.name, namespace: gateway?.namespace }],
    },
    grpcRoute: { enabled: true, hostnames: [host] },
    tests: { gatewayUrl: urlInCluster() },
  };

  beforeAll(async () => {
    await release.install(values);
    client = new InferenceClient(ingressAddress(), host);
    await eventually(10, () => predicts(client));
  });
  afterAll(() => client?.close());

  it('2,000 calls are split 90 to 10, within the bound of chance', async () => {
    const counts = await countVersions(client, 2000);
    const [least, most] = binomialInterval({ trials: 2000, probability: 0.1, confidence: 0.999 });
    console.log(`v1 ${counts.v1}, v2 ${counts.v2}; 99.9 % have ${least} to ${most} for v2`);
    expect(counts.v1 + counts.v2).toBe(2000);
    expect(counts.v2).toBeGreaterThanOrEqual(least);
    expect(counts.v2).toBeLessThanOrEqual(most);
  });

  it.each(['v1', 'v2'] as const)(
    'metadata pins testers to %s, whatever the weights',
    async (version) => {
      const counts = await countVersions(client, 50, { metadata: { 'ml-version': version } });
      expect(counts).toEqual({ v1: 0, v2: 0, [version]: 50 });
    },
  );

  it.skipIf(urlInCluster() === '')(
    'passes helm test through the Gateway, each version by metadata',
    async () => {
      const { ok, output } = await release.test();
      expect(ok, output).toBe(true);
      const passed = output.match(/gateway-grpc: predictions over gRPC: 150 rows as expected/g);
      expect(passed, output).toHaveLength(2);
    },
  );
});

/** @throws AssertionError while it does not */
async function predicts(client: InferenceClient): Promise<void> {
  expect(await client.infer()).toMatchObject({ code: 'OK', label: 0 });
}

/** How many of so many calls each version answered. Sent by twenty at once. */
async function countVersions(client: InferenceClient, calls: number, options: Options = {}) {
  const counts = { v1: 0, v2: 0 };
  let left = calls;
  const sender = async () => {
    while (left-- > 0) {
      const { code, details, version } = await client.infer(options);
      expect({ code, details }).toEqual({ code: 'OK', details: '' });
      if (version === 'v1' || version === 'v2') counts[version] += 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, sender));
  return counts;
}
