// The chart as a whole: its suites, its lint, and what is generated from values.yaml.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dashboardJson } from '../../monitoring/dashboard/dashboard.ts';
import { dashboardFile } from '../../monitoring/dashboard/generate.ts';
import { runTool } from '../tools/tool.ts';
import { chart, render, version } from './chart.ts';
import { kindsFile, makeKinds, makeSchema, schemaFile } from './schema.ts';
import { makeTemplatePlaces, templatePlacesFile } from './template-places.ts';
import { runSuites } from './unittest.ts';

test('all helm-unittest suites pass, and there are as many cases as a specification needs', {
  timeout: 300_000, // nine hundred cases, beside other tests
}, () => {
  const { passed, failed, report } = runSuites();
  expect(failed, report).toBe(0);
  expect(passed).toBeGreaterThanOrEqual(150);
});

test('helm lint --strict finds nothing', () => {
  const { status, stdout, stderr } = runTool('helm', ['lint', '--strict', chart]);
  expect(status, stdout + stderr).toBe(0);
});

test('values.schema.json is what values.yaml makes; `npm run chart:docs` writes it', () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(makeSchema());
});

test('_kinds.tpl is what values.yaml makes; `npm run chart:docs` writes it', () => {
  expect(readFileSync(kindsFile, 'utf8')).toBe(makeKinds());
});

test('_template-places.tpl is what values.yaml makes; `npm run chart:docs` writes it', () => {
  expect(readFileSync(templatePlacesFile, 'utf8')).toBe(makeTemplatePlaces());
});

test('README.md is what values.yaml and README.md.gotmpl make; `npm run chart:docs` writes it', () => {
  const copy = mkdtempSync(join(tmpdir(), 'chart-'));
  try {
    cpSync(chart, join(copy, 'ml-api'), { recursive: true });
    const docs = runTool('helm-docs', ['--chart-search-root', copy, '--log-level', 'warning']);
    expect(docs.status, docs.stderr).toBe(0);
    const made = readFileSync(join(copy, 'ml-api/README.md'), 'utf8');
    expect(readFileSync(join(chart, 'README.md'), 'utf8')).toBe(made);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('the dashboard is what monitoring/dashboard makes; `npm run chart:dashboard` writes it', () => {
  expect(readFileSync(dashboardFile, 'utf8')).toBe(dashboardJson());
});

test('the default makes every resource that the README promises', () => {
  const kinds = render().match(/^kind: .*/gm);
  expect(kinds?.map((line) => line.slice('kind: '.length)).sort()).toEqual([
    'ConfigMap', // the settings
    'ConfigMap', // how versions share the traffic
    'Deployment',
    'HorizontalPodAutoscaler',
    'Ingress',
    'NetworkPolicy',
    'Pod',
    'PodDisruptionBudget',
    'Service',
    'ServiceAccount',
  ]);
});

test('a packaged chart holds its templates, tests and presets, and not its suites', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'));
  try {
    const packed = runTool('helm', ['package', chart, '--destination', folder]);
    expect(packed.status, packed.stderr).toBe(0);
    const archive = join(folder, `ml-api-${version}.tgz`);
    const shown = runTool('helm', ['template', 'ml-api', archive, '--namespace', 'models']);
    expect(shown.stdout).toBe(render()); // all that rendering reads is in it
    expect(shown.stdout).toContain('templates/tests/verify.yaml');
    const unpacked = runTool('helm', ['show', 'all', archive]);
    expect(unpacked.status, unpacked.stderr).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
