// Models from MLflow's registry by their URI: what docs/model-stores.md says of it, with its own server as a pod.
import request from 'supertest';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { mlflowLogin } from '../sources/mlflow/access.ts';
import { expectModel } from './expect-model.ts';
import { failureOfFetching } from './fetch-failure.ts';
import { eventually, ingressUrl } from './http.ts';
import { moveAlias, startMlflow } from './mlflow.ts';
import { mlserver } from './mlserver/images.ts';
import { useNamespace } from './namespace.ts';
import { onePodOf, Release, type Values } from './release.ts';

const ours = inject('cluster').provider !== 'given'; // images of the tests' own can be put onto the node
const hour = 3_600_000; // the first run builds the image

describe.skipIf(!ours)("a model in MLflow's registry", () => {
  const namespace = useNamespace('mlflow');
  const release = new Release(namespace);

  const fromMlflow = (uri: string, { host = 'mlflow', secret = 'mlflow' } = {}): Values => ({
    uri,
    fetch: {
      env: { MLFLOW_TRACKING_URI: `http://${host}:5000` },
      envFrom: [{ secretRef: { name: secret } }],
    },
  });

  beforeAll(async () => {
    await startMlflow(namespace);
    await namespace.applySecret('mlflow', mlflowLogin);
    const wrong = { ...mlflowLogin, MLFLOW_TRACKING_PASSWORD: 'a-secret-that-is-another' };
    await namespace.applySecret('wrong', wrong);
    await namespace.apply(
      // By this name the server does not let itself be asked.
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'tracking' },
        spec: { selector: { app: 'mlflow' }, ports: [{ port: 5000 }] },
      },
    );
  }, hour);

  async function described(): Promise<Values> {
    const { body } = await request(ingressUrl())
      .get('/model')
      .set('Host', release.host)
      .expect(200);
    return body;
  }

  it.each([
    ['a wrong password', { secret: 'wrong' }, /401 Unauthorized\. Check MLFLOW_TRACKING_USERNAME/],
    ['a host that it does not know', { host: 'tracking' }, /--allowed-hosts=tracking:5000/],
  ])('is not served with %s, and the pod says what to change', async (_what, access, expected) => {
    const values = onePodOf(fromMlflow('mlflow://iris@champion', access));
    expect((await release.tryInstall(values, [], { timeout: '10s' })).ok).toBe(false);
    const said = await failureOfFetching(namespace);
    expect(said).toMatch(expected);
    expect(said).not.toContain('a-secret');
    await release.uninstall();
  });

  it('is served with the names of its columns, and followed when its alias moves', async () => {
    const model = { followSeconds: 2, ...fromMlflow('models:/iris@champion') };
    await release.install(onePodOf(model));
    await expectModel(release, 'v1');
    expect(await described()).toMatchObject({
      name: 'iris',
      source: { uri: 'models:/iris@champion', revision: expect.stringMatching(/^1\./) },
      features: [{ name: 'sepal length' }, {}, {}, {}],
    });
    await moveAlias(namespace, 'iris', 'champion', '2');
    await eventually(60, async () =>
      expect(await described()).toMatchObject({ reload: { replaced: 1, refused: 0 } }),
    );
    await expectModel(release, 'v2');
    expect(await described()).toMatchObject({
      source: { revision: expect.stringMatching(/^2\./) },
    });
  });

  it('without ONNX has the pod say what serves it, and MLServer does by the same URI', async () => {
    const model = { name: 'prices', ...fromMlflow('mlflow://not%20onnx/1') };
    expect((await release.tryInstall(onePodOf(model), [], { timeout: '10s' })).ok).toBe(false);
    expect(await failureOfFetching(namespace)).toMatch(/has no ONNX flavour.*runtime: mlserver/);

    const served = { runtime: 'mlserver', image: mlserver };
    await release.install(onePodOf(model, served), ['--timeout=240s']);
    const column = (name: string, data: readonly number[]) => ({
      name,
      datatype: 'FP64',
      shape: [data.length, 1],
      data,
    });
    await eventually(30, async () => {
      const { body } = await request(await namespace.serviceUrl('ml-api-v1'))
        .post('/v2/models/prices/infer')
        .send({ inputs: [column('width', [1, 10]), column('depth', [2, 20])] })
        .expect(200);
      expect(body.outputs[0].data.map(Math.round)).toEqual([5, 50]);
    });
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
  });
});
