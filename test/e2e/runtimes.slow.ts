// A dedicated serving solution as a version of the same release: v1 by our predictor, v2 by MLServer.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createClient, type Inference, type MlApiClient } from '../../sdk/src/index.ts';
import { provider } from '../cluster/cluster.ts';
import { golden } from './golden.ts';
import { eventually, ingressUrl } from './http.ts';
import { mlserver, mlserverArchive, mlserverModel, writeModelArchive } from './mlserver/images.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';
import { loadStores } from './stores/image.ts';
import { s3Access, startS3 } from './stores/s3.ts';

const versions = ['v1', 'v2'] as const;
const { gateway } = inject('cluster');
const possible = inject('cluster').provider !== 'given' && gateway !== null;

describe.skipIf(!possible)('one release, v1 by our predictor and v2 by MLServer', () => {
  const namespace = useNamespace('runtimes');
  const release = new Release(namespace);

  beforeAll(async () => {
    const say = (line: string) => console.error(line);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'runtimes-'));
    try {
      const model = path.join(folder, 'model.tar');
      await writeModelArchive(model);
      for (const archive of [await mlserverArchive(say), model])
        await provider().loadImage(archive);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await loadStores();
    const imageVolume = { reference: mlserverModel, subPath: 'iris' };
    await release.install(values({ source: 'imageVolume', imageVolume }));
  });

  const values = (model: Values): Values => ({
    versionDefaults: { autoscaling: { type: 'none' } }, // pods are counted, and a start is load to a slow machine
    versions: {
      v1: {},
      v2: {
        runtime: 'mlserver',
        image: mlserver,
        model,
        resources: { limits: { cpu: '2', memory: '1Gi' } },
        env: { ORT_DISABLE_TELEMETRY: '1' },
      },
    },
    ingress: { enabled: false },
    httpRoute: {
      enabled: true,
      hostnames: [], // any: fetch sets none of its own
      parentRefs: [{ name: gateway?.name, namespace: gateway?.namespace }],
    },
  });

  it.each(versions)('the same SDK code reads %s through the Gateway', async (version) => {
    const client = createClient({ baseUrl: ingressUrl(), version });
    await expectGolden(client, version);
  });

  it.each(versions)('the same SDK code reads %s through its Service', async (version) => {
    const client = createClient({ baseUrl: await namespace.serviceUrl(`ml-api-${version}`) });
    await expectGolden(client, version);
  });

  it('passes helm test: golden predictions of ours, readiness and metrics of MLServer', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output).toMatch(/predictions: 150 rows as expected/);
    expect(output).toMatch(/\/v2\/health\/ready answers 200/);
    expect(output).toMatch(/metrics: \d+ samples/);
  });

  it('MLServer counts what it answered where Prometheus looks', async () => {
    // By way of the API server: the NetworkPolicy lets pods read metrics, and not this machine.
    const service = `/api/v1/namespaces/${namespace.name}/services/ml-api-v2:9090`;
    const metrics = await namespace.kubectl(['get', '--raw', `${service}/proxy/metrics`]);
    expect(metrics).toMatch(/rest_server_requests_total\{.*infer.*\} [1-9]/);
  });

  it('a rollout of MLServer ends well: it stops when it is told to', async () => {
    await namespace.kubectl(['rollout', 'restart', 'deployment/ml-api-v2']);
    await namespace.kubectl(['rollout', 'status', 'deployment/ml-api-v2', '--timeout=120s']);
    await eventually(60, async () => expect(await namespace.predictors()).toHaveLength(2));
    await expectGolden(createClient({ baseUrl: ingressUrl(), version: 'v2' }), 'v2');
  });

  it('MLServer serves what a store has for it, by the same value as ours', async () => {
    await startS3(namespace);
    await release.install(values({ uri: 's3://models/mlserver', fetch: s3Access }));
    await eventually(60, async () => expect(await namespace.predictors()).toHaveLength(2));
    await expectGolden(createClient({ baseUrl: ingressUrl(), version: 'v2' }), 'v2');
  });
});

/** The code that a user writes once, whatever serves the version. */
async function predictIris(client: MlApiClient, rows: readonly number[][]): Promise<Inference> {
  const inputs = { inputs: { data: Float32Array.from(rows.flat()), shape: [rows.length, 4] } };
  return await client.infer({ model: 'iris', inputs });
}

async function expectGolden(client: MlApiClient, version: 'v1' | 'v2'): Promise<void> {
  const { inputs, prediction, probabilities } = golden(version);
  const { outputs, modelVersion } = await eventually(15, () =>
    predictIris(client, inputs as number[][]),
  );
  expect(modelVersion).toBe(version);
  expect(Array.from(outputs['label']?.data ?? [], Number)).toEqual(prediction);
  const scores = outputs['probabilities']?.data ?? [];
  for (const [at, expected] of probabilities.flat().entries())
    expect(scores[at]).toBeCloseTo(expected, 5);
}
