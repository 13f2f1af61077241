// The packed chart as a dependency of a parent chart: conditions, aliases, and global values.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { runTool, type ToolResult } from '../tools/tool.ts';
import type { KubernetesObject } from './admit.ts';
import { chart, version } from './chart.ts';

const folder = mkdtempSync(join(tmpdir(), 'parent-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Dependency = { readonly alias?: string; readonly condition?: string };

beforeAll(() => {
  mkdirSync(join(folder, 'charts'));
  mkdirSync(join(folder, 'templates'));
  const packed = runTool('helm', ['package', chart, '--destination', join(folder, 'charts')]);
  expect(packed.status, packed.stderr).toBe(0);
  writeFileSync(
    join(folder, 'templates/own.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}-own" }\n',
  );
});

/** What the parent chart, released as `shop`, makes with these dependencies and values. */
function helmTemplate(dependencies: readonly Dependency[], values: object): ToolResult {
  const dependency = { name: 'ml-api', version, repository: '' };
  const parent = {
    apiVersion: 'v2',
    name: 'shop',
    version: '1.0.0',
    dependencies: dependencies.map((more) => ({ ...dependency, ...more })),
  };
  writeFileSync(join(folder, 'Chart.yaml'), stringify(parent));
  writeFileSync(join(folder, 'values.yaml'), stringify(values));
  return runTool('helm', ['template', 'shop', folder, '--namespace', 'models']);
}

function render(dependencies: readonly Dependency[], values: object): KubernetesObject[] {
  const { status, stdout, stderr } = helmTemplate(dependencies, values);
  expect(status, stderr).toBe(0);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const namesOf = (objects: readonly KubernetesObject[], kind: string): string[] =>
  objects.filter((object) => object['kind'] === kind).map(({ metadata }) => metadata.name);

/** The pods of all kinds of objects. */
const podsOf = (objects: readonly KubernetesObject[]): KubernetesObject[] =>
  objects.flatMap(({ kind, spec }) =>
    kind === 'Pod' ? [spec] : spec?.template?.spec === undefined ? [] : [spec.template.spec],
  );

test('serves beside the objects of its parent', () => {
  const objects = render([{}], { 'ml-api': { ingress: { hosts: ['iris.example.com'] } } });
  expect(namesOf(objects, 'Deployment')).toEqual(['shop-ml-api-v1']);
  expect(namesOf(objects, 'ConfigMap')).toContain('shop-own');
  const ingress = objects.find(({ kind }) => kind === 'Ingress');
  expect(ingress?.['spec'].rules[0].host).toBe('iris.example.com');
});

test.each([true, false])('is there or not by the condition of its parent: %s', (enabled) => {
  const objects = render([{ condition: 'ml-api.enabled' }], { 'ml-api': { enabled } });
  expect(namesOf(objects, 'Deployment')).toEqual(enabled ? ['shop-ml-api-v1'] : []);
  expect(namesOf(objects, 'ConfigMap')).toContain('shop-own');
});

test('is there by a condition that no value decides', () => {
  expect(namesOf(render([{ condition: 'ml-api.enabled' }], {}), 'Deployment')).toHaveLength(1);
});

test('says what is missing where `enabled: false` is no condition', () => {
  const { status, stderr } = helmTemplate([{ alias: 'iris' }], { iris: { enabled: false } });
  expect(status).not.toBe(0);
  expect(stderr).toContain('such as condition: iris.enabled.');
});

test('serves several times under aliases, of which none selects the pods of another', () => {
  const aliases = ['iris', 'flowerModel', 'by_name'];
  const objects = render(
    aliases.map((alias) => ({ alias, condition: `${alias}.enabled` })),
    { iris: { versions: { v1: {}, v2: {} } }, by_name: { enabled: true } },
  );
  expect(namesOf(objects, 'Deployment').sort()).toEqual([
    'shop-by-name-v1',
    'shop-flowermodel-v1',
    'shop-iris-v1',
    'shop-iris-v2',
  ]);
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);

  const pods = objects.filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec.template);
  const selected = (selector: Record<string, string>) =>
    pods.filter(({ metadata }) =>
      Object.entries(selector).every(([key, value]) => metadata.labels[key] === value),
    );
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies.map(({ spec }) => selected(spec.podSelector.matchLabels).length).sort()).toEqual([
    1, 1, 2,
  ]);
  const services = objects.filter(({ kind }) => kind === 'Service');
  expect(services.map(({ spec }) => selected(spec.selector).length)).toEqual([1, 1, 1, 1]);
});

test('has names of its own under each of two aliases that the name of the release contains', () => {
  const objects = render([{ alias: 'sh' }, { alias: 'op' }], {});
  expect(namesOf(objects, 'Deployment').sort()).toEqual(['shop-op-v1', 'shop-sh-v1']);
});

test('is unlike an alias whose values are its own', () => {
  const objects = render([{ alias: 'a' }, { alias: 'b' }], {
    a: { versionDefaults: { autoscaling: { type: 'none' }, replicas: 3 } },
    b: { fullnameOverride: 'other' },
  });
  expect(namesOf(objects, 'Deployment').sort()).toEqual(['other-v1', 'shop-a-v1']);
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  const replicas = deployments.map(({ metadata, spec }) => [metadata.name, spec.replicas]);
  expect(Object.fromEntries(replicas)).toEqual({ 'shop-a-v1': 3, 'other-v1': undefined });
});

test('takes registry and pull Secrets of all its pods from global values, and leaves the rest of them', () => {
  const objects = render([{ alias: 'iris' }], {
    global: {
      imageRegistry: 'registry.example.com',
      imagePullSecrets: [{ name: 'pull' }],
      storageClass: 'fast',
      region: { name: 'eu' },
    },
    iris: {
      imagePullSecrets: ['own'],
      versions: {
        v1: {},
        v2: { runtime: 'tfserving', model: { source: 'pvc', pvc: { existingClaim: 'm' } } },
      },
      traffic: { weights: { v1: 1 } },
      ingress: { enabled: false },
      httpRoute: { enabled: true, parentRefs: [{ name: 'g' }] },
    },
  });
  const pods = podsOf(objects);
  expect(pods.length).toBeGreaterThanOrEqual(4);
  for (const { containers, imagePullSecrets } of pods) {
    expect(containers[0].image).toMatch(
      /^registry\.example\.com\/(org\/ml-api|tensorflow\/serving):/,
    );
    expect(imagePullSecrets).toEqual([{ name: 'pull' }, { name: 'own' }]);
  }
});
