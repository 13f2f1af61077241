// What holds of every pod that the chart makes, in every example: those of Deployments, of `helm test` and of the promotion gate.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from './admit.ts';
import { examples, render } from './chart.ts';

const folder = mkdtempSync(join(tmpdir(), 'pods-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'values.json');
writeFileSync(
  file,
  JSON.stringify({
    openshift: 'force',
    commonLabels: { team: 'iris' },
    commonLabelsOnPods: false,
    versionDefaults: { securityContext: { runAsUser: 1000, runAsGroup: 1000 } },
    promotion: { gate: { enabled: true, prometheusUrl: 'http://prometheus:9090' } },
  }),
);

/** The pods of an example with those values: each is an object of its own or a template in one. */
function podsOf(example: string): KubernetesObject[] {
  const objects: KubernetesObject[] = parseAllDocuments(
    render('--is-upgrade', '--values', example, '--values', file),
  ).map((document) => document.toJS());
  return objects.flatMap((object) =>
    object?.['kind'] === 'Pod' ? [object] : (object?.['spec']?.template ?? []),
  );
}

describe.each(examples)('in the example $name', ({ file: example }) => {
  const pods = podsOf(example);

  test('there are pods of a Deployment, of helm test and of the gate', () => {
    expect(pods.length).toBeGreaterThanOrEqual(3);
  });

  test('OpenShift assigns the users and groups of all pods and containers', () => {
    const chosen = pods.flatMap(({ spec }) =>
      [spec, ...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ securityContext }) =>
        Object.keys(securityContext ?? {}).filter((key) =>
          /^(runAs(User|Group)|fsGroup)$/.test(key),
        ),
      ),
    );
    expect(chosen).toEqual([]);
  });

  test('no pod has common labels that are to stay off pods', () => {
    expect(pods.filter(({ metadata }) => metadata.labels.team !== undefined)).toEqual([]);
  });
});
