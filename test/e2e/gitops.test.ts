// What GitOps tools see: objects that are applied as `helm template` has them, without hooks, are what the API server then
// has. A field that it writes in another form, or adds where tools compare whole lists, would be a difference for ever.
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { isRecord } from '../../server/src/util/is-record.ts';
import { examples, render } from '../chart/chart.ts';
import { blockOf } from '../docs/blocks.ts';
import { type KubernetesObject, type Namespace, useNamespace } from './namespace.ts';

interface Manifest extends KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
}

describe('objects out of helm template', () => {
  const namespace = useNamespace('gitops');
  /** `apps/v1/Deployment` */
  let kinds: ReadonlySet<string>;
  let customGroups: ReadonlySet<string>;

  beforeAll(async () => {
    const resources = await namespace.kubectl(['api-resources', '--no-headers']);
    const columns = lines(resources).map((line) => line.split(/\s+/).slice(-3));
    kinds = new Set(columns.map(([apiVersion, , kind]) => `${apiVersion}/${kind}`));
    const groups = '--output=jsonpath={range .items[*]}{.spec.group}{"\\n"}{end}';
    customGroups = new Set(lines(await namespace.kubectl(['get', 'crd', groups])));
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'no-pods' },
      spec: { hard: { pods: '0' } },
    });
  });

  it.each(examples)('with the values $name are what the API server has', async ({ file }) => {
    const manifests = manifestsOf(namespace, '--values', file).filter(({ apiVersion, kind }) =>
      kinds.has(`${apiVersion}/${kind}`),
    );
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    const kubectl = (...args: string[]) => namespace.kubectl([...args, '--filename=-'], list);
    const asApplied = ['--server-side', '--field-manager=gitops'];
    try {
      await kubectl('apply', ...asApplied);
      const { items } = JSON.parse(await kubectl('get', '--output=json'));
      expect(items).toHaveLength(manifests.length);
      const found = manifests.flatMap((manifest, at) => {
        const isCustom = customGroups.has(manifest.apiVersion.split('/')[0] ?? '');
        const where = `${manifest.kind} ${manifest.metadata.name}`;
        return differences(manifest, items[at], where, isCustom);
      });
      expect(found).toEqual([]);
      expect(await kubectl('diff', ...asApplied)).toBe('');
    } finally {
      await kubectl('delete', '--ignore-not-found', '--wait=false');
    }
  });
});

describe('a sync that leaves the number of pods to an autoscaler', () => {
  const namespace = useNamespace('handover');

  it('keeps it where the field was handed over, as docs/operations.md says', async () => {
    const sync = async (...values: readonly string[]) => {
      const manifests = manifestsOf(namespace, ...values);
      await apply(
        'gitops',
        manifests.find(({ kind }) => kind === 'Deployment'),
      );
      const { spec } = await namespace.get('deployment', 'ml-api-v1');
      return spec;
    };
    const apply = (manager: string, manifest: unknown) =>
      namespace.kubectl(
        ['apply', '--server-side', `--field-manager=${manager}`, '--filename=-'],
        JSON.stringify(manifest),
      );
    const fixed = ['replicas=3', 'autoscaling.type=none'].flatMap((one) => [
      '--set',
      `versionDefaults.${one}`,
    ]);
    expect(await sync(...fixed)).toMatchObject({ replicas: 3 });
    const manifest = blockOf('docs/operations.md', 'yaml', { section: 'Change the autoscaler' });
    await apply('handover', parse(manifest));
    expect(await sync()).toMatchObject({ replicas: 3 });
  });
});

function manifestsOf(namespace: Namespace, ...values: readonly string[]): Manifest[] {
  const all = render('--no-hooks', '--namespace', namespace.name, ...values);
  const text = all.replace(/^ +ipFamil(ies|yPolicy):.*\n/gm, ''); // the cluster has IPv4 alone
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
}

/**
 * Where an object is other than its manifest. What the API server adds is none, but inside the lists of custom resources:
 * of those, tools know no key by which they could compare items, and take each list as a whole.
 */
function differences(
  manifest: unknown,
  live: unknown,
  where: string,
  isCustom: boolean,
  inList = false,
): string[] {
  if (Array.isArray(manifest) && Array.isArray(live)) {
    if (manifest.length !== live.length)
      return [`${where}: ${manifest.length} items, and ${live.length} on the server`];
    return manifest.flatMap((item, at) =>
      differences(item, live[at], `${where}[${at}]`, isCustom, true),
    );
  }
  if (isRecord(manifest) && isRecord(live)) {
    const added = isCustom && inList ? Object.keys(live).filter((key) => !(key in manifest)) : [];
    return [
      ...added.map((key) => `${where}.${key}: only on the server: ${JSON.stringify(live[key])}`),
      ...Object.entries(manifest).flatMap(([key, value]) =>
        differences(value, live[key], `${where}.${key}`, isCustom, inList),
      ),
    ];
  }
  if (manifest === live) return [];
  // Kubernetes' own kinds leave out what is zero or empty, and tools know those kinds.
  if (!isCustom && live === undefined && (!manifest || Object.keys(manifest).length === 0))
    return [];
  return [`${where}: ${JSON.stringify(manifest)}, and on the server ${JSON.stringify(live)}`];
}

const lines = (text: string): string[] => text.trim().split('\n');
