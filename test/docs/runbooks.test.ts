// Whoever is woken by an alert finds its section: each alert has one, and no section is of an alert that is gone.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { chart } from '../chart/chart.ts';
import { chartAlerts } from '../rules/chart-rules.ts';

const root = path.resolve(import.meta.dirname, '../..');

it('every alert of the chart has a runbook, and every runbook an alert', () => {
  const runbooks = readFileSync(path.join(root, 'docs/runbooks.md'), 'utf8');
  const sections = [...runbooks.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(sections.sort()).toEqual(chartAlerts());
});

it('the address that alerts name is that of this page', () => {
  const values = parse(readFileSync(path.join(chart, 'values.yaml'), 'utf8'));
  expect(values.monitoring.prometheusRule.runbookUrl).toMatch(/\/docs\/runbooks\.md$/);
});
