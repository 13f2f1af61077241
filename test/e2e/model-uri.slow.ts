// Models from stores by their URI: what docs/model-stores.md says of the chart, with S3 and a registry as pods.
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeCacheClaim, removeCacheClaim } from './cache-claim.ts';
import { expectModel } from './expect-model.ts';
import { failureOfFetching } from './fetch-failure.ts';
import { golden } from './golden.ts';
import { eventually, ingressUrl, predict } from './http.ts';
import { type Namespace, useNamespace } from './namespace.ts';
import { startNodePod } from './node-pod.ts';
import { onePodOf, Release, type Values } from './release.ts';
import { loadStores } from './stores/image.ts';
import { oras, startRegistry } from './stores/registry.ts';
import { s3Login, startS3 } from './stores/s3.ts';

const ours = inject('cluster').provider !== 'given'; // images of the tests' own can be put onto the node
const hour = 3_600_000; // the first run builds the stores

const fromS3 = (secret = 's3', endpoint = 'http://s3:9000') => ({
  uri: 's3://models/v2',
  fetch: {
    env: { AWS_ENDPOINT_URL_S3: endpoint },
    envFrom: [{ secretRef: { name: secret } }],
  },
});

async function source(host: string): Promise<unknown> {
  const { body } = await request(await ingressUrl())
    .get('/model')
    .set('Host', host)
    .expect(200);
  return body.source;
}

async function logsOfFetching(namespace: Namespace): Promise<string[]> {
  const pods = await namespace.stayingPredictors();
  return Promise.all(
    pods.map(({ metadata }) => namespace.kubectl(['logs', metadata.name, '-c', 'fetch-model'])),
  );
}

describe.skipIf(!ours)('a model in S3', () => {
  const namespace = useNamespace('s3');
  const release = new Release(namespace);

  beforeAll(async () => {
    await loadStores();
    await startS3(namespace);
    await namespace.applySecret('s3', s3Login);
    const wrong = { ...s3Login, AWS_SECRET_ACCESS_KEY: 'a-secret-that-is-another' };
    await namespace.applySecret('wrong', wrong);
    // Cuts the first two connections in the middle of a file.
    const program = `const net = require('node:net');
      let cuts = 2;
      net.createServer((client) => {
        const store = net.connect(9000, 's3');
        let bytes = 0;
        for (const socket of [client, store]) socket.on('error', () => { client.destroy(); store.destroy(); });
        store.on('data', (data) => {
          bytes += data.length;
          if (bytes < 6000 || cuts === 0) return client.write(data);
          cuts--;
          client.write(data.subarray(0, 500), () => client.destroy());
        });
        store.on('end', () => client.end());
        client.pipe(store);
      }).listen(9000);`;
    await startNodePod(namespace, { name: 'cutter', port: 9000, program });
  }, hour);

  it('is not served with a wrong key: nothing starts, and the pod says what to change', async () => {
    const { ok } = await release.tryInstall(onePodOf(fromS3('wrong')), [], { timeout: '10s' });
    expect(ok).toBe(false);
    const message = await failureOfFetching(namespace);
    expect(message).toMatch(/AWS_SECRET_ACCESS_KEY|credentials/);
    expect(message).not.toContain('a-secret');
    await release.uninstall();
  });

  it('is served with where it came from, and helm test has its golden predictions', async () => {
    await release.install(onePodOf(fromS3()));
    await eventually(15, async () => {
      const answer = await predict(release.host, '/predict', golden('v2').inputs);
      expect(answer.body.prediction).toEqual(golden('v2').prediction);
    });
    expect(await source(release.host)).toMatchObject({
      uri: 's3://models/v2',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output).toContain('predictions: 150 rows as expected');
  });

  it('arrives whole where connections are cut', async () => {
    await release.install(onePodOf(fromS3('s3', 'http://cutter:9000')));
    await eventually(15, async () => {
      const answer = await predict(release.host, '/predict', golden('v2').inputs);
      expect(answer.body.prediction).toEqual(golden('v2').prediction);
    });
    const [pod] = await namespace.predictors();
    const log = await namespace.kubectl(['logs', pod?.metadata.name ?? '', '-c', 'fetch-model']);
    expect(log).toContain('Trying again.');
    expect(log).not.toContain(s3Login.AWS_SECRET_ACCESS_KEY);
  });

  it.skipIf(inject('cluster').volumes === null)(
    'is brought by several pods at once onto the claim that they share',
    async () => {
      const folder = path.join(inject('cluster').volumes ?? '', namespace.name);
      mkdirSync(path.join(folder, 'v1'), { recursive: true });
      chmodSync(path.join(folder, 'v1'), 0o777); // hostPath takes no fsGroup
      try {
        await release.install({
          modelStore: {
            enabled: true,
            size: '100Mi',
            accessModes: ['ReadWriteMany'],
            persistentVolume: { enabled: true, source: { hostPath: { path: folder } } },
          },
          versions: {
            v1: {
              replicas: 3,
              autoscaling: { type: 'none' },
              model: { source: 'pvc', ...fromS3('s3', 'http://cutter:9000') },
            },
          },
        });
        const logs = await logsOfFetching(namespace);
        expect(logs).toHaveLength(3);
        for (const log of logs) expect(log).toContain('holds the model from s3://');
        const { ok, output } = await release.test();
        expect(ok, output).toBe(true);
      } finally {
        await release.uninstall();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

const volumes = inject('cluster').volumes;
describe.skipIf(!ours || volumes === null)('a cache that pods share', () => {
  const namespace = useNamespace('fetch-cache', 'privileged'); // for the folder on the node
  const release = new Release(namespace);
  const folder = path.join(volumes ?? '', namespace.name);
  const onNode = `${folder}-node`;

  beforeAll(async () => {
    await loadStores();
    await startS3(namespace);
    await namespace.applySecret('s3', s3Login);
    await makeCacheClaim(namespace, folder);
    // As docs/model-stores.md makes it: of root, and of the group that fetches.
    mkdirSync(onNode);
    chownSync(onNode, 0, 65532);
    chmodSync(onNode, 0o2775);
  }, hour);
  afterAll(async () => {
    await release.uninstall();
    await removeCacheClaim(namespace);
    for (const one of [folder, onNode]) rmSync(one, { recursive: true, force: true });
  });

  it.each([
    ['on a claim', { existingClaim: 'cache' }, folder],
    ['on the node', { hostPath: onNode }, onNode],
  ])('%s has each model once: one pod downloads, and all copy it', async (_where, cache, place) => {
    const { uri, fetch } = fromS3();
    const model = { uri, fetch: { ...fetch, cache } };
    await release.install({
      versions: { v1: { model, replicas: 3, autoscaling: { type: 'none' } } },
    });
    const logs = await logsOfFetching(namespace);
    expect(logs).toHaveLength(3);
    for (const log of logs) expect(log).toContain('copied from the cache');
    expect(logs.filter((log) => log.includes('already'))).toHaveLength(2);
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(readdirSync(place)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    await release.uninstall();
  });
});

describe.skipIf(!ours)('a model in a registry', () => {
  const namespace = useNamespace('registry');
  const release = new Release(namespace);
  const fromRegistry = (uri: string, more: Values = {}) => ({
    uri,
    fetch: { env: { OCI_PLAIN_HTTP: 'registry:5000' } },
    ...more,
  });

  beforeAll(async () => {
    await loadStores();
    await startRegistry(namespace);
    for (const version of ['v1', 'v2'])
      await oras(namespace, 'push', `localhost:5000/iris:${version}`, version);
    await oras(namespace, 'tag', 'localhost:5000/iris:v1', 'production');
  }, hour);

  const running = async () =>
    (await namespace.stayingPredictors()).map(({ metadata }) => metadata.name);

  it('is the next one for pods that start after its tag moved, and GET /model says so', async () => {
    await release.install(onePodOf(fromRegistry('oci://registry:5000/iris:production')));
    await expectModel(release, 'v1');
    const before = await source(release.host);
    await oras(namespace, 'tag', 'localhost:5000/iris:v2', 'production');
    await namespace.kubectl(['rollout', 'restart', 'deployment/ml-api-v1']);
    await namespace.kubectl(['rollout', 'status', 'deployment/ml-api-v1', '--timeout=90s']);
    await expectModel(release, 'v2');
    const after = await source(release.host);
    expect(after).toMatchObject({ uri: 'oci://registry:5000/iris:production' });
    expect(after).not.toMatchObject({ revision: Object(before).revision });
  });

  it('is followed without a restart: the pods serve what its tag names now', async () => {
    await oras(namespace, 'tag', 'localhost:5000/iris:v1', 'production');
    const followed = { followSeconds: 2, ...fromRegistry('oci://registry:5000/iris:production') };
    await release.install(onePodOf(followed));
    await expectModel(release, 'v1');
    const pods = await running();
    await oras(namespace, 'tag', 'localhost:5000/iris:v2', 'production');
    await eventually(60, async () => {
      const { body } = await request(ingressUrl()).get('/model').set('Host', release.host);
      expect(body.reload).toMatchObject({ replaced: 1, refused: 0 });
    });
    await expectModel(release, 'v2');
    expect(await running()).toEqual(pods);
    const log = await namespace.kubectl(['logs', pods[0] ?? '', '-c', 'follow-model']);
    expect(log.match(/already/g)?.length).toBeLessThan(3); // once for each model
  });

  it('stays what it is by its digest, which may be required', async () => {
    const required = { requirePinned: 'always' };
    const { ok, output } = await release.tryInstall(
      onePodOf(fromRegistry('oci://registry:5000/iris:production', required)),
    );
    expect(ok).toBe(false);
    expect(output).toContain('a URI that cannot move');
    const digest = (await oras(namespace, 'resolve', 'localhost:5000/iris:v1')).trim();
    await release.install(onePodOf(fromRegistry(`oci://registry:5000/iris@${digest}`, required)));
    await expectModel(release, 'v1');
    expect(await source(release.host)).toMatchObject({ revision: digest });
  });

  it('that there is not is said in the pod', async () => {
    const values = onePodOf(fromRegistry('oci://registry:5000/iris:v9'));
    const { ok } = await release.tryInstall(values, [], { timeout: '10s' });
    expect(ok).toBe(false);
    expect(await failureOfFetching(namespace)).toContain('has no tag v9');
  });
});
