// examples/gitops: each step is rendered by Helm, and what Argo CD, Flux and Terraform are told names the same files and the same chart.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { render, version } from '../chart/chart.ts';
import { type CustomResources, customResourceDefinitions } from '../chart/schemas.ts';
import { validate } from '../chart/validate.ts';
import { blockOf } from '../docs/blocks.ts';
import { runBash } from '../run-program.ts';
import { runTool } from '../tools/tool.ts';
import { example } from './example.ts';

const folder = example('gitops');
const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const steps = readdirSync(path.join(folder, 'steps')).sort();
const VALUES = ['values.yaml', 'rollout.yaml'];

/** Of versions that Go 1.26 builds. */
const definitions: readonly CustomResources[] = [
  {
    path: 'github.com/argoproj/argo-cd/v3',
    version: 'v3.5.7',
    sum: 'h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=',
    folder: 'manifests/crds',
    wanted: /^application-crd\.yaml$/,
  },
  {
    path: 'github.com/fluxcd/source-controller',
    version: 'v1.9.6',
    sum: 'h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=',
    folder: 'config/crd/bases',
    wanted: /_ocirepositories\.yaml$/,
  },
  {
    path: 'github.com/fluxcd/helm-controller',
    version: 'v1.6.0',
    sum: 'h1:jlS5X11SG26gspubB5aLrdVSCm0q0tA4ULsY+vwSkL0=',
    folder: 'config/crd/bases',
    wanted: /_helmreleases\.yaml$/,
  },
];

/** What is wrong with manifests; '' for nothing. */
function faults(manifests: string, crds?: string): string {
  const temporary = mkdtempSync(path.join(tmpdir(), 'gitops-'));
  onTestFinished(() => rmSync(temporary, { recursive: true }));
  const file = path.join(temporary, 'manifests.yaml');
  writeFileSync(file, manifests);
  const { status, stdout, stderr } = validate('1.37', file, crds);
  return status === 0 ? '' : stdout + stderr;
}

const rendered = (step: string): string =>
  render('--values', path.join(folder, 'values.yaml'), '--values', path.join(folder, step));

describe('the rollout', () => {
  it('is at one of the steps', () => {
    expect(steps.map((step) => read(`steps/${step}`))).toContain(read('rollout.yaml'));
  });

  it.each([
    ['1-shadow', { v1: 1 }, 'v2'],
    ['2-canary', { v1: 90, v2: 10 }, 'v2'],
    ['3-half', { v1: 50, v2: 50 }, 'v2'],
    ['4-all', { v1: 0, v2: 100 }, 'v2'],
    ['5-promoted', { v2: 1 }, undefined],
    ['6-alone', { v2: 1 }, undefined],
  ])('has the step %s, which Kubernetes takes', (step, weights, shadowed) => {
    expect(steps).toContain(`${step}.yaml`);
    const manifests = rendered(`steps/${step}.yaml`);
    expect(faults(manifests)).toBe('');
    const objects = parseAllDocuments(manifests).map((document) => document.toJS());
    const told = objects.find(({ metadata }) => metadata.annotations?.['ml-api/weights']);
    expect(JSON.parse(told.metadata.annotations['ml-api/weights'])).toEqual(weights);
    const traffic = objects.find(({ kind, data }) => kind === 'ConfigMap' && data['v2.json']);
    const { SHADOW = '' } = JSON.parse(traffic.data['v1.json'] ?? '{}');
    expect(SHADOW.split('@')[0] || undefined).toBe(shadowed);
    const pods = objects.filter(({ kind }) => kind === 'Deployment');
    expect(pods).toHaveLength(step === '6-alone' ? 1 : 2);
  });

  it('goes on by the commit that its README has', async () => {
    const clone = mkdtempSync(path.join(tmpdir(), 'gitops-'));
    onTestFinished(() => rmSync(clone, { recursive: true }));
    cpSync(folder, path.join(clone, 'gitops'), { recursive: true });
    const command = blockOf('examples/gitops/README.md', 'sh');
    const { code, stderr } = await runBash(
      `set -e
git init --quiet --bare remote && git init --quiet --initial-branch main
git config user.name A && git config user.email a@example.com && git config push.autoSetupRemote true
git remote add origin remote && git add gitops && git commit --quiet --message first
cd gitops
${command}`,
      { cwd: clone },
    );
    expect(code, stderr).toBe(0);
    const { stdout } = await runBash('git -C remote show main:gitops/rollout.yaml', { cwd: clone });
    expect(stdout).toBe(read('steps/2-canary.yaml'));
  });

  it('has no other step', () => {
    expect(steps).toHaveLength(6);
  });
});

it('Argo CD is told of the chart and of both files', () => {
  const text = read('argo-cd/application.yaml');
  expect(faults(text, customResourceDefinitions(definitions))).toBe('');
  const { sources } = parse(text).spec;
  const [chart, repository] = sources;
  expect(chart).toMatchObject({ chart: 'ml-api', targetRevision: version });
  expect(chart.helm.valueFiles).toEqual(VALUES.map((file) => `$${repository.ref}/gitops/${file}`));
});

it('Flux gets the chart and both files, in this order, from what kustomize makes', () => {
  const { status, stdout, stderr } = runTool('kustomize', ['build', folder]);
  expect([status, stderr]).toEqual([0, '']);
  expect(faults(stdout, customResourceDefinitions(definitions))).toBe('');
  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  const of = (wanted: string) => objects.find(({ kind }) => kind === wanted);
  expect(of('OCIRepository').spec.ref.tag).toBe(version);
  const { chartRef, valuesFrom } = of('HelmRelease').spec;
  expect(chartRef.name).toBe(of('OCIRepository').metadata.name);
  const { metadata, data } = of('ConfigMap');
  expect(valuesFrom).toEqual(
    VALUES.map((valuesKey) => ({ kind: 'ConfigMap', name: metadata.name, valuesKey })),
  );
  expect(data).toEqual(Object.fromEntries(VALUES.map((file) => [file, read(file)])));
});

it('Terraform installs the chart with both files', () => {
  const { status, stdout, stderr } = runTool('hcl2json', [path.join(folder, 'terraform/main.tf')]);
  expect([status, stderr]).toEqual([0, '']);
  const [release] = JSON.parse(stdout).resource.helm_release.ml_api;
  expect(release).toMatchObject({ chart: 'ml-api', version });
  const [repository] = parse(read('argo-cd/application.yaml')).spec.sources;
  expect(release.repository).toBe(`oci://${repository.repoURL}`);
  expect(release.values).toEqual(VALUES.map((file) => `\${file("\${path.module}/../${file}")}`));
});

it('the validation knows their resources: a wrong field is refused', () => {
  const crds = customResourceDefinitions(definitions);
  const application = read('argo-cd/application.yaml');
  expect(faults(application.replace('targetRevision: 0', 'revision: 0'), crds)).toContain(
    'revision',
  );
  expect(faults(read('flux/helm-release.yaml').replace('chartRef', 'chartRefs'), crds)).toContain(
    'chartRefs',
  );
});
