// Every example, rendered and held against the schemas of the oldest and newest Kubernetes that the chart supports.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { runTool } from '../tools/tool.ts';
import { startAdmitter } from './admit.ts';
import { examples, render } from './chart.ts';
import {
  customResourceDefinitions,
  type KubernetesVersion,
  kubernetes,
  kubernetesSchemas,
} from './schemas.ts';
import { validate } from './validate.ts';

const folder = mkdtempSync(join(tmpdir(), 'examples-'));
const versions: readonly KubernetesVersion[] = ['1.33', '1.37'];
const admitter = startAdmitter();
afterAll(async () => {
  await admitter.close();
  rmSync(folder, { recursive: true });
});

beforeAll(() => {
  customResourceDefinitions();
  for (const version of versions) kubernetesSchemas(version);
});

describe.each(examples)('example $name', ({ name, file }) => {
  test.each(versions)('is valid for Kubernetes %s', (version) => {
    const manifests = join(folder, `${name}-${version}.yaml`);
    writeFileSync(manifests, render('--values', file, '--kube-version', version));
    const { status, stdout, stderr } = validate(version, manifests);
    expect(status, stdout + stderr).toBe(0);
  });

  test('is the same each time it is rendered', () => {
    expect(render('--values', file)).toBe(render('--values', file));
  });

  test('names its namespace in every object, for those who pipe it to kubectl', () => {
    const objects = parseAllDocuments(render('--values', file)).map((document) => document.toJS());
    for (const { kind, metadata } of objects)
      expect([kind, metadata.namespace]).toEqual([
        kind,
        kind === 'PersistentVolume' ? undefined : 'models',
      ]);
  });

  test('has no line that ends in a space', () => {
    expect(render('--values', file)).not.toMatch(/[ \t]$/m);
  });

  test('has all that an API server would add to lists, which Argo CD would take for a difference', async () => {
    const values: object = parse(readFileSync(file, 'utf8')) ?? {};
    const release = { release: 'ml-api', namespace: 'models', upgrade: true };
    expect(await admitter.admit({ ...release, values })).toMatchObject({ faults: [], added: [] });
  });

  test('is clean for kube-score, but for what the exceptions below give a reason for', () => {
    const manifests = join(folder, `${name}-score.yaml`);
    writeFileSync(manifests, render('--values', file, '--skip-tests'));
    const score = runTool('kube-score', [
      'score',
      manifests,
      '--kubernetes-version=v1.33',
      '--output-format=ci',
      ...[...exceptions, ...(exceptionsOf[name] ?? [])].map(({ test }) => `--ignore-test=${test}`),
    ]);
    const findings = score.stdout.split('\n').filter((line) => /^\[(CRITICAL|WARNING)/.test(line));
    expect(findings).toEqual([]);
    expect(score.stdout).toContain('[OK]'); // it did look
  });
});

type Exception = { readonly test: string; readonly reason: string };
const exceptions: readonly Exception[] = [
  {
    test: 'container-image-pull-policy',
    reason: 'tags here never move: IfNotPresent starts faster',
  },
  {
    test: 'container-ephemeral-storage-request-and-limit',
    reason: 'roots are read-only and every emptyDir has its own sizeLimit',
  },
  { test: 'deployment-has-host-podantiaffinity', reason: 'topology spread does it, and better' },
  {
    test: 'horizontalpodautoscaler-replicas',
    reason: 'one pod is the default; NOTES.txt says what it costs',
  },
];
const ownUsers: Exception = {
  test: 'container-security-context-user-group-id',
  reason: 'the images of other runtimes have users of their own below 10000',
};
const exceptionsOf: Readonly<Record<string, readonly Exception[]>> = {
  'cluster-eks': [
    {
      test: 'ingress-targets-service',
      reason:
        "rules by a header are annotations of AWS' controller, which name the Services: faults.ts looks whether they are there",
    },
  ],
  'cluster-openshift': [
    {
      test: 'container-security-context-user-group-id',
      reason: 'OpenShift assigns user and group',
    },
  ],
  keda: [
    {
      test: 'deployment-replicas',
      reason: 'KEDA is the autoscaler, which kube-score does not know',
    },
  ],
  'model-uri': [
    {
      test: 'deployment-strategy',
      reason: 'a ReadWriteOnce claim serves one pod, so it is replaced',
    },
    { test: 'deployment-replicas', reason: 'the same' },
  ],
  runtimes: [ownUsers],
  triton: [ownUsers],
  vllm: [
    { test: 'deployment-replicas', reason: 'KEDA, as above' },
    {
      test: 'pod-probes-identical',
      reason:
        '/health fails when the engine has died: out of the Service after 10 s, restarted after a minute',
    },
  ],
};

describe('the validation itself', () => {
  test.each(versions)('refuses a field that Kubernetes %s does not know', (version) => {
    const manifests = join(folder, `unknown-${version}.yaml`);
    writeFileSync(manifests, render().replace('minReadySeconds:', 'minReadySecs:'));
    expect(validate(version, manifests).stderr).toContain('spec.minReadySecs');
  });

  test('tells the versions apart: a field of the newest is refused by the oldest', () => {
    const pod = join(folder, 'pod.yaml');
    writeFileSync(
      pod,
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostnameOverride: a, containers: [{name: a, image: a}]}\n',
    );
    expect(validate('1.33', pod).status).not.toBe(0);
    expect(validate('1.37', pod).status).toBe(0);
  });

  test('knows the custom resources: a wrong field of an HTTPRoute is refused', () => {
    const manifests = join(folder, 'route.yaml');
    const example = examples.find(({ name }) => name === 'two-versions');
    writeFileSync(
      manifests,
      render('--values', example?.file ?? '').replace('PathPrefix', 'Prefix'),
    );
    expect(validate('1.37', manifests).stderr).toContain('spec.rules[0].matches[0].path.type');
  });

  test('covers the range that Chart.yaml names', () => {
    expect(Object.keys(kubernetes)[0]).toBe('1.33');
    const tooOld = () => render('--kube-version', '1.32.9');
    expect(tooOld).toThrow(/kubeVersion: >=1\.33\.0-0/);
  });
});
