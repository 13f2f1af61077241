// What is rendered to find faults of the chart: a few values of the schema over one of the examples, so that most are accepted and a
// failing case shrinks to the settings that matter.
import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { parse } from 'yaml';
import type { Rendering } from './admit.ts';
import { examples } from './chart.ts';
import { named, nasty, places, values } from './schema-values.ts';

/** One value, at a path of keys; `versionDefaults` may become a version, chosen by `version`. */
type Setting = {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly version: number;
};
type Case = {
  readonly release: string;
  readonly namespace: string;
  readonly upgrade: boolean;
  readonly example: number;
  readonly features: readonly object[];
  readonly versions: readonly string[];
  readonly withoutV1: boolean;
  readonly settings: readonly Setting[];
};

const parentRefs = [{ name: 'g' }];
const web = { uri: 'https://example.com/m.tar.gz', sha256: '0'.repeat(64) };

/** What is off by default, switched on as it needs to be. */
const features: readonly object[] = [
  { httpRoute: { enabled: true, parentRefs } },
  { versionDefaults: { ports: { grpc: 8001 } }, grpcRoute: { enabled: true, parentRefs } },
  ...['nginx', 'alb', 'contour', 'traefik'].map((controller) => ({
    versionDefaults: { ports: { grpc: 8001 } },
    ingress: { controller, tls: { enabled: true }, grpc: { enabled: true } },
  })),
  { ingress: { controller: 'nginx' }, traffic: { weights: { '§0': 1, '§1': 2 } } },
  { ingress: { controller: 'alb' }, traffic: { weights: { '§0': 1, '§1': 2, '§2': 3 } } },
  { traffic: { splitBy: 'predictor', weights: { '§0': 90, '§1': 10 }, shadow: { to: '§1' } } },
  {
    httpRoute: { enabled: true, parentRefs },
    ingress: { enabled: false },
    traffic: { weights: { '§0': 1, '§1': 1 }, shadow: { to: '§1', by: 'gateway' } },
  },
  { promotion: { gate: { enabled: true, prometheusUrl: 'http://p:9090' } } },
  { versionDefaults: { model: web } },
  { versionDefaults: { model: { uri: 's3://bucket/iris' } } },
  { versionDefaults: { model: { source: 'url', url: { url: web.uri, sha256: web.sha256 } } } },
  { versionDefaults: { model: { source: 'imageVolume', imageVolume: { reference: 'r/m:1' } } } },
  {
    versionDefaults: { model: { source: 'pvc', ...web } },
    modelStore: { enabled: true, accessModes: ['ReadWriteMany'] },
  },
  { versionDefaults: { model: { several: true, default: 'a', path: '/m' } } },
  ...['triton', 'tfserving', 'torchserve', 'mlserver', 'ovms'].map((runtime) => ({
    versionDefaults: { runtime, model: { source: 'pvc', pvc: { existingClaim: 'mine' } } },
    ingress: { controller: 'nginx' },
  })),
  { versionDefaults: { gpu: { count: 1 }, autoscaling: { type: 'none' } } },
  {
    versionDefaults: {
      autoscaling: {
        type: 'keda',
        keda: { triggers: [{ type: 'cpu', metadata: { value: '1' } }] },
      },
    },
  },
  { auth: { existingSecret: 'keys' }, tests: { ingressUrl: 'http://i', gatewayUrl: 'http://g' } },
  { monitoring: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } } },
  { monitoring: { podMonitor: { enabled: true }, dashboard: { enabled: true } } },
];

/** All cases. */
export const cases: Arbitrary<Rendering> = fc
  .record<Case>({
    release: fc.oneof(
      { arbitrary: fc.constant('ml-api'), weight: 6 },
      {
        arbitrary: fc.constantFrom(
          'a',
          '1',
          'on',
          'a.b',
          'ml-api-2',
          'a'.repeat(30),
          'a'.repeat(53),
        ),
        weight: 1,
      },
    ),
    namespace: fc.oneof(
      { arbitrary: fc.constant('models'), weight: 6 },
      { arbitrary: fc.constantFrom('1', 'on', 'n'.repeat(63)), weight: 1 },
    ),
    upgrade: fc.boolean(),
    example: fc.oneof(
      fc.constant(0),
      fc.constantFrom(...examples.keys()).map((i) => i + 1),
    ),
    features: fc.oneof(fc.constant([]), fc.subarray([...features], { maxLength: 3 })),
    versions: fc.oneof(
      { arbitrary: fc.uniqueArray(versionName(), { maxLength: 3 }), weight: 9 },
      { arbitrary: manyVersions(), weight: 1 },
    ),
    withoutV1: fc.oneof(
      { arbitrary: fc.constant(false), weight: 4 },
      { arbitrary: fc.constant(true), weight: 1 },
    ),
    settings: fc.array(anySetting(), { maxLength: 12, size: 'max' }),
  })
  .map(rendering);

function versionName(): Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constantFrom('v1', 'v2', 'v3'), weight: 12 },
    {
      arbitrary: fc.constantFrom(
        '1',
        'on',
        'null',
        '20260101',
        '1e3',
        'grpc',
        'canary',
        'test',
        'traffic',
        'models',
        'promotion-gate',
        'v2-grpc',
        'v2-test',
        'runtime',
        'x'.repeat(30),
      ),
      weight: 8,
    },
    { arbitrary: fc.constantFrom(...nasty), weight: 1 },
  );
}

function manyVersions(): Arbitrary<string[]> {
  return fc
    .integer({ min: 5, max: 18 })
    .map((count) => Array.from({ length: count }, (_, i) => `w${i}`));
}

/** A value of any place; now and then null, which takes a default away, of one value or of many. */
function anySetting(): Arbitrary<Setting> {
  const paths: (readonly string[])[] = [];
  const drawn = places().map(([path, schema]) => {
    paths.push(...path.map((_, i) => path.slice(0, i + 1)));
    return setting(path, values(schema, path.join('.')));
  });
  const nulls = fc.constantFrom(...paths).chain((path) => setting(path, fc.constant(null)));
  return fc.oneof({ arbitrary: fc.oneof(...drawn), weight: 80 }, { arbitrary: nulls, weight: 1 });
}

function setting(path: readonly string[], value: Arbitrary<unknown>): Arbitrary<Setting> {
  return fc.record({ path: fc.constant(path), value, version: fc.nat(3) });
}

/** The values of a case: the example's, its versions, and the settings over them, later ones winning. */
function rendering({
  release,
  namespace,
  upgrade,
  example,
  features,
  versions,
  withoutV1,
  settings,
}: Case): Rendering {
  const file = examples[example - 1]?.file; // 0: none
  // biome-ignore lint/suspicious/noExplicitAny: values of any form
  const values: any = file === undefined ? {} : (parse(readFileSync(file, 'utf8')) ?? {});
  values.versions = {
    ...Object.fromEntries(versions.map((name) => [name, {}])),
    ...values.versions,
  };
  if (withoutV1 && versions.length > 0 && values.versions.v1 === undefined) {
    values.versions.v1 = null;
    values.defaultVersion ??= versions[0];
  }
  const names = Object.keys(values.versions).length > 0 ? Object.keys(values.versions) : ['v1'];
  for (const feature of features) merge(values, named(feature, names));
  for (const { path, value, version } of settings) {
    const ofVersion = path[0] === 'versionDefaults' && version > 0 && path.length > 1;
    const name = names[(version - 1) % names.length] ?? 'v1';
    put(values, ofVersion ? ['versions', name, ...path.slice(1)] : path, named(value, names));
  }
  return { release, namespace, upgrade, values };
}

function merge(values: Record<string, unknown>, more: unknown): void {
  for (const [key, value] of Object.entries(more ?? {})) {
    const own = values[key];
    if (isMap(own) && isMap(value)) merge(own, value);
    else values[key] = value;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function put(values: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    values[key] = value;
    return;
  }
  const inner = values[key];
  const map = isMap(inner) ? { ...inner } : {};
  values[key] = map;
  put(map, rest, value);
}
