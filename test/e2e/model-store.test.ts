// Models that are not in the image: on a volume, in an image volume, and behind a URL with its checksum.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { writeArchive } from '../cluster/build/oci-archive.ts';
import { provider } from '../cluster/cluster.ts';
import { expectModel } from './expect-model.ts';
import { golden, modelFolder } from './golden.ts';
import { eventually, predict } from './http.ts';
import { useNamespace } from './namespace.ts';
import { startNodePod } from './node-pod.ts';
import { Release, type Values } from './release.ts';
import { runbook } from './walk.ts';

const { volumes } = inject('cluster');

describe.skipIf(volumes === null)('a model on a PersistentVolume', () => {
  const namespace = useNamespace('pvc');
  const release = new Release(namespace);
  const folder = path.join(volumes ?? '', namespace.name);
  const values: Values = {
    versions: { v1: { model: { source: 'pvc' } } },
    modelStore: {
      enabled: true,
      size: '100Mi',
      accessModes: ['ReadOnlyMany'],
      persistentVolume: { enabled: true, source: { hostPath: { path: folder } } },
    },
  };

  beforeAll(async () => {
    putModel('v1');
    await release.install(values);
  });
  afterAll(async () => {
    await release.uninstall();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is served from a statically made volume and its bound claim', async () => {
    const [claim] = await namespace.list('persistentvolumeclaims');
    expect(claim?.status.phase).toBe('Bound');
    await expectModel(release, 'v1');
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
  });

  it('is another one after the files were replaced and the pods restarted', async () => {
    putModel('v2');
    await namespace.kubectl(['rollout', 'restart', 'deployment/ml-api-v1']);
    await namespace.kubectl(['rollout', 'status', 'deployment/ml-api-v1', '--timeout=60s']);
    await expectModel(release, 'v2');
  });

  it('goes with the release, and the files stay', async () => {
    await release.uninstall();
    await eventually(30, async () => {
      expect(await namespace.list('persistentvolumeclaims')).toEqual([]);
      const volume = await namespace.kubectl(['get', 'persistentvolumes', '--output=name']);
      expect(volume).not.toContain(namespace.name);
    });
    expect(readFileSync(path.join(folder, 'v1/model.onnx')).length).toBeGreaterThan(0);
  });

  /** What an administrator would do: replace the model's folder on the share. */
  function putModel(version: 'v1' | 'v2'): void {
    mkdirSync(folder, { recursive: true });
    cpSync(modelFolder(version), path.join(folder, 'v1'), { recursive: true });
  }
});

describe.skipIf(inject('cluster').provider === 'given')('a model in an image volume', () => {
  const namespace = useNamespace('image-volume');
  const release = new Release(namespace);

  it('is mounted by the kubelet and served', async () => {
    const reference = 'localhost/iris-model:v2';
    const folder = mkdtempSync(path.join(os.tmpdir(), 'model-image-'));
    try {
      const archive = path.join(folder, 'model.tar');
      const files = ['model.onnx', 'model.json', 'golden.json'].map((file) => [
        `/iris/${file}`,
        path.join(modelFolder('v2'), file),
      ]);
      await writeArchive(archive, { names: [reference], files: Object.fromEntries(files) });
      await provider().loadImage(archive);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const model = { source: 'imageVolume', imageVolume: { reference, subPath: 'iris' } };
    await release.install({ versions: { v1: { model } } });
    await expectModel(release, 'v2');
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
  });
});

describe('a model behind a URL', () => {
  const namespace = useNamespace('url');
  const release = new Release(namespace);
  const sha256 = createHash('sha256')
    .update(readFileSync(path.join(modelFolder('v2'), 'model.onnx')))
    .digest('hex');
  const values = (sum: string): Values => ({
    versions: {
      v1: {
        model: { source: 'url', url: { url: 'http://files:8000/v2/model.onnx', sha256: sum } },
      },
    },
  });

  // The models in the image, by HTTP.
  const program = `require('node:http').createServer((request, response) =>
    require('node:fs').createReadStream('/models' + request.url)
      .on('error', () => response.writeHead(404).end()).pipe(response)).listen(8000);`;
  beforeAll(() => startNodePod(namespace, { name: 'files', port: 8000, program }));

  it('is not served where its checksum is another: nothing starts, and the pod says why', async () => {
    const wrong = '0'.repeat(64);
    const { ok } = await release.tryInstall(values(wrong), [], { timeout: '10s' });
    expect(ok).toBe(false);
    const message = await eventually(30, async () => {
      const [pod] = await namespace.predictors();
      const fetching = pod?.status.initContainerStatuses[0];
      const said = fetching?.state.terminated?.message ?? fetching?.lastState.terminated?.message;
      expect(said).toBeDefined();
      return said;
    });
    expect(message).toContain(sha256);
    expect(message).toContain(wrong);
    const [pod] = await namespace.predictors();
    const names = { NAMESPACE: namespace.name, POD: pod?.metadata.name ?? '' };
    const log = await runbook('kubectl logs -n NAMESPACE POD -c fetch-model', names);
    expect(log).toContain(sha256);
  });

  it('is fetched, checked and served where it is right', async () => {
    await release.install(values(sha256));
    // model.onnx alone was fetched: no probabilities without a model.json.
    await eventually(15, async () => {
      const answer = await predict(release.host, '/predict', golden('v2').inputs);
      expect(answer.body.prediction).toEqual(golden('v2').prediction);
    });
  });
});
