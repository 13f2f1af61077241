// Several models in a pod: the values of docs/several-models.md with models on a volume, beside a version of one model.
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { blockOf } from '../docs/blocks.ts';
import { expectModel } from './expect-model.ts';
import { modelFolder } from './golden.ts';
import { ingressUrl, predict } from './http.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';

const { volumes } = inject('cluster');

describe.skipIf(volumes === null)('several models on a PersistentVolume', () => {
  const namespace = useNamespace('several');
  const release = new Release(namespace);
  const folder = path.join(volumes ?? '', namespace.name);
  const documented: Values & { versions: { v1: Values }; modelStore: Values } = parse(
    blockOf('docs/several-models.md', 'yaml'),
  );
  const { v1 } = documented.versions;
  const values: Values = {
    ...documented,
    versionDefaults: { autoscaling: { type: 'none' } }, // one pod, which operators call
    versions: {
      v1: { ...v1, config: { modelReloadSeconds: 1 } },
      one: { model: { path: '/models/v2' } },
    },
    modelStore: {
      ...documented.modelStore,
      persistentVolume: { enabled: true, source: { hostPath: { path: folder } } },
    },
  };

  beforeAll(async () => {
    putModel('iris', 'v1');
    putModel('flowers/1', 'v2');
    await namespace.applySecret('ml-api-operators', { 'operator-keys': 'operator-key' });
    const output = await release.install(values);
    expect(output).toContain('Every model is below /models/NAME');
  });
  afterAll(async () => {
    await release.uninstall();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are served below their names, at the host and below the version, beside a version of one', async () => {
    await expectModel(release, 'v1', '/predict');
    for (const place of ['/models/iris', '/v1/models/iris', '/v1'])
      await expectModel(release, 'v1', `${place}/predict`);
    for (const place of ['/models/flowers', '/v1/models/flowers/versions/1', '/one'])
      await expectModel(release, 'v2', `${place}/predict`);
    const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] };
    for (const place of ['', '/v1']) {
      const { status, body } = await post(`${place}/v2/models/flowers/infer`, { inputs: [tensor] });
      expect([status, body.model_name, body.model_version]).toEqual([200, 'flowers', '1']);
    }
    expect(await index()).toEqual(['flowers 1 READY', 'iris v1 READY']);
  });

  it('are each replayed by helm test', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output).toContain('ok      service: flowers 1: predictions: 150 rows as expected');
    expect(output).toContain('ok      service: iris v1: predictions: 150 rows as expected');
    expect(output).toContain('ok      metrics: ml_api_model_info has the same 2 contracts');
    expect(output).toContain('ok      service: predictions: 150 rows as expected'); // of the version of one
  });

  it('get another one without a restart, once its folder lies there', async () => {
    const before = await pods();
    putModel('late', 'v1');
    await expectModel(release, 'v1', '/models/late/predict');
    expect(await index()).toContain('late v1 READY');
    expect(await pods()).toEqual(before);
  });

  it('are unloaded and loaded by operators, and by nobody else', async () => {
    const change = async (verb: 'load' | 'unload', key: string) =>
      (await post(`/v1/v2/repository/models/flowers/${verb}`, undefined, { 'X-API-Key': key }))
        .status;
    expect(await change('unload', 'another-key')).toBe(401);
    expect(await change('unload', 'operator-key')).toBe(200);
    expect(await index()).toContain('flowers 1 UNAVAILABLE');
    const { status } = await predict(release.host, '/models/flowers/predict', [5.1, 3.5, 1.4, 0.2]);
    expect(status).toBe(503);
    expect(await change('load', 'operator-key')).toBe(200);
    await expectModel(release, 'v2', '/models/flowers/predict');
  });

  /** What an administrator would do: the folder appears whole. */
  function putModel(place: string, version: 'v1' | 'v2'): void {
    const target = path.join(folder, 'v1', place);
    const whole = path.join(folder, 'coming');
    cpSync(modelFolder(version), whole, { recursive: true });
    mkdirSync(path.dirname(target), { recursive: true });
    renameSync(whole, target);
  }

  function post(at: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
    return request(ingressUrl())
      .post(at)
      .set({ host: release.host, ...headers })
      .send(body)
      .ok(() => true);
  }

  async function index(): Promise<string[]> {
    const { body } = await post('/v2/repository/index');
    return body
      .map((one: Record<string, string>) => `${one['name']} ${one['version']} ${one['state']}`)
      .sort();
  }

  /** Each with how often it was started again. */
  async function pods(): Promise<unknown[]> {
    const found = await namespace.predictors();
    return found.map(({ metadata, status }) => [
      metadata.uid,
      status.containerStatuses[0].restartCount,
    ]);
  }
});
