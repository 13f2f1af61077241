// The chart's recording rules and alerts, run by Prometheus' own promtool on the series in the YAML files here.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { buildPrometheus } from '../cluster/build/prometheus.ts';
import { runProgram } from '../run-program.ts';
import { chartAlerts, chartRules } from './chart-rules.ts';

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.yaml'));
const folder = mkdtempSync(path.join(os.tmpdir(), 'rules-'));
let promtool = '';

beforeAll(async () => {
  promtool = path.join(await buildPrometheus(), 'promtool');
  writeFileSync(path.join(folder, 'rules.yaml'), stringify(chartRules()));
  for (const file of files) cpSync(path.join(import.meta.dirname, file), path.join(folder, file));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('promtool finds nothing to criticise in the rules', async () => {
  const flags = ['--lint=all', '--lint-fatal'];
  const checked = await runProgram(promtool, ['check', 'rules', ...flags, 'rules.yaml'], {
    cwd: folder,
  });
  expect(checked.code, checked.stdout + checked.stderr).toBe(0);
});

it.each(files)('the alerts fire when they must, and then only: %s', async (file) => {
  const tested = await runProgram(promtool, ['test', 'rules', file], { cwd: folder });
  expect(tested.code, tested.stdout + tested.stderr).toBe(0);
});

it('every alert has a moment at which it fires, and one at which it does not', () => {
  type Tests = { tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[] };
  const moments = files.flatMap((file) => {
    const { tests }: Tests = parse(readFileSync(path.join(import.meta.dirname, file), 'utf8'));
    return tests.flatMap((test) => test.alert_rule_test);
  });
  const named = (fires: boolean) =>
    new Set(
      moments
        .filter(({ exp_alerts = [] }) => exp_alerts.length > 0 === fires)
        .map(({ alertname }) => alertname),
    );
  expect([...named(true)].sort()).toEqual(chartAlerts());
  expect([...named(false)].sort()).toEqual(chartAlerts());
});
