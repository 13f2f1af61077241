// No panel and no alert reads a metric that nobody has: renamed metrics leave no silent holes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { panelQueries } from '../../monitoring/dashboard/queries.ts';
import { parseMetrics } from '../../monitoring/status/prometheus-text.ts';
import { chart } from '../chart/chart.ts';
import { chartRules } from '../rules/chart-rules.ts';

const recorded = readFileSync(path.join(import.meta.dirname, 'metrics.txt'), 'utf8');
const samples = parseMetrics(recorded);
const variables = {
  namespace: 'models',
  deployment: 'ml-api-v1',
  model: '.*',
  __rate_interval: '1m',
};
const expressions = [
  ...panelQueries(variables),
  ...chartRules().groups.flatMap(({ rules }) => rules),
].map(({ expr }) => expr);

it('every metric that panels and rules read of the predictor is one that it has', () => {
  const read = expressions.flatMap(
    (expr) => expr.match(/\b(ml_api|process|nodejs)_\w+(?=\{)/g) ?? [],
  );
  const names = new Set(samples.map(({ name }) => name));
  expect([...new Set(read)].filter((name) => !names.has(name))).toEqual([]);
  expect(new Set(read).size).toBeGreaterThan(15); // they were found
});

it('every label that panels and rules select or group by is one that the metric has', () => {
  const labels = new Map<string, Set<string>>();
  for (const { name, labels: own } of samples)
    labels.set(name, new Set([...(labels.get(name) ?? []), ...Object.keys(own)]));
  const used = expressions.flatMap((expr) => [
    ...[...expr.matchAll(/\b(ml_api_\w+)\{([^}]*)\}/g)].flatMap(([, metric = '', matchers = '']) =>
      [...matchers.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label = '']) => [metric, label]),
    ),
    ...[...expr.matchAll(/by \(([^)]*)\) \(\s*(?:\w+\()?(ml_api_\w+)\{/g)].flatMap(
      ([, by = '', metric = '']) => by.split(', ').map((label) => [metric, label]),
    ),
  ]);
  // Prometheus sets these, for every series.
  const own = used.filter(([, label = '']) => !['namespace', 'pod'].includes(label));
  const unknown = own.filter(([metric = '', label = '']) => !labels.get(metric)?.has(label));
  expect(unknown.map((pair) => pair.join(' has no label '))).toEqual([]);
  expect(own.length).toBeGreaterThan(100); // they were found
});

it("the latency objective's choices are the buckets of the histogram", () => {
  const schema = JSON.parse(readFileSync(path.join(chart, 'values.schema.json'), 'utf8'));
  const { monitoring } = schema.properties;
  const { seconds } =
    monitoring.properties.prometheusRule.properties.slo.properties.latency.properties;
  const buckets = samples
    .filter(({ name }) => name === 'ml_api_http_request_duration_seconds_bucket')
    .map(({ labels }) => Number(labels['le']))
    .filter(Number.isFinite);
  expect(seconds.enum).toEqual([...new Set(buckets)]);
});

it('values of the chart and the settings of the predictor agree on the default objective', () => {
  const values = parse(readFileSync(path.join(chart, 'values.yaml'), 'utf8'));
  const { seconds } = values.monitoring.prometheusRule.slo.latency;
  expect(seconds * 1000).toBeLessThan(values.config.requestTimeoutMs); // else nothing could be slower and answered
});
