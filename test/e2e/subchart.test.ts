// The chart as a dependency of another, as platform teams install it: twice under names of its own, one of them switched off at first.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { runTool } from '../tools/tool.ts';
import { golden } from './golden.ts';
import { eventually, predict } from './http.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';

describe('the chart below another one', () => {
  const namespace = useNamespace('subchart');
  const release = new Release(namespace, 'shop');
  const parent = mkdtempSync(path.join(os.tmpdir(), 'subchart-'));
  const { repository, tag } = inject('image');
  const registry = repository.split('/')[0] ?? '';

  const of = (version: 'v1' | 'v2', more: Values = {}): Values => ({
    // Of a registry that no cluster of ours reaches: the parent names the one that there is.
    image: { repository: repository.replace(registry, 'registry.example.com'), tag },
    ingress: { hosts: [`${version}.${release.host}`] },
    versions: { v1: { model: { path: `/models/${version}` }, autoscaling: { type: 'none' } } },
    ...more,
  });
  const values = (second: Values): Values => ({
    global: { imageRegistry: registry },
    first: of('v1', { enabled: true }),
    second: of('v2', second),
  });
  const install = async (all: Values) => {
    const { ok, output } = await release.tryInstall(all, [], { chart: parent });
    expect(ok, output).toBe(true);
    return output;
  };
  const expectPredictions = async (version: 'v1' | 'v2') => {
    const { inputs, prediction } = golden(version);
    await eventually(30, async () => {
      const answer = await predict(`${version}.${release.host}`, '/predict', inputs);
      expect(answer.body.prediction).toEqual(prediction);
    });
  };
  const deployments = async () =>
    (await namespace.list('deployments')).map(({ metadata }) => metadata.name).sort();

  beforeAll(() => {
    mkdirSync(path.join(parent, 'templates'));
    const chart = path.resolve(import.meta.dirname, '../../charts/ml-api');
    const dependency = (alias: string) => ({
      name: 'ml-api',
      version: '*',
      repository: `file://${chart}`,
      alias,
      condition: `${alias}.enabled`,
    });
    writeFileSync(
      path.join(parent, 'Chart.yaml'),
      stringify({
        apiVersion: 'v2',
        name: 'shop',
        version: '1.0.0',
        dependencies: [dependency('first'), dependency('second')],
      }),
    );
    const { status, stderr } = runTool('helm', ['dependency', 'update', parent]);
    expect(status, stderr).toBe(0);
  });
  afterAll(() => rmSync(parent, { recursive: true }));

  it('is installed where its condition is true, with the registry of the parent', async () => {
    await install(values({ enabled: false }));
    expect(await deployments()).toEqual(['shop-first-v1']);
    await expectPredictions('v1');
  });

  it('is installed twice under two names, and helm test tests both', async () => {
    await install(values({ enabled: true }));
    expect(await deployments()).toEqual(['shop-first-v1', 'shop-second-v1']);
    await expectPredictions('v1');
    await expectPredictions('v2');
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    expect(output.match(/predictions: 150 rows as expected/g)).toHaveLength(2);
  });

  it('goes alone when it is switched off again', async () => {
    await install(values({ enabled: false }));
    await eventually(30, async () => expect(await deployments()).toEqual(['shop-first-v1']));
    await expectPredictions('v1');
  });
});
