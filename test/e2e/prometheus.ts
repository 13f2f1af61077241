// A real Prometheus on the cluster, for suites that need one.
import { afterAll, beforeAll, inject } from 'vitest';
import { parse, stringify } from 'yaml';
import { chart } from '../chart/chart.ts';
import { applyManifests, installPrometheus, kubectlOf, rolledOut } from '../cluster/addons.ts';
import { kubeStateMetricsImages } from '../cluster/build/kube-state-metrics.ts';
import { provider } from '../cluster/cluster.ts';
import { runTool } from '../tools/tool.ts';
import type { History } from './dashboard-picture.ts';
import type { Release, Values } from './release.ts';

/** Longest time that it may take: the first time, Prometheus is compiled. */
const hour = 3_600_000;

/** Where pods reach it. */
export const prometheusUrl = 'http://prometheus.monitoring:9090';

/** Where this machine reaches it. */
export async function prometheusFromHere(): Promise<string> {
  const kubectl = kubectlOf(inject('cluster'));
  const ip = ['get', 'service', 'prometheus', '--output=jsonpath={.spec.clusterIP}'];
  return `http://${await kubectl(['--namespace=monitoring', ...ip])}:9090`;
}

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: number };

export interface Prometheus {
  /** What a query gives now. NaN is no value: nothing happened that a share could be taken of. */
  query(expression: string): Promise<Sample[]>;
  /** What a query gave from then until now, both in seconds since the epoch, every so many seconds. */
  history(expression: string, from: number, to: number, step: number): Promise<History[]>;
  /** The alerts that fire. */
  firing(): Promise<Alert[]>;
}

/** Which alert, and the version or the pod that it is about. */
type Alert = { readonly name: string | undefined; readonly about: string | undefined };

/**
 * Brings it up before the tests of this file, and removes it after them.
 * @param watched a release whose alerts it has; then kube-state-metrics is there, too
 */
export function usePrometheus(watched?: {
  readonly release: Release;
  readonly values: Values;
}): Prometheus {
  const kubectl = kubectlOf(inject('cluster'));
  const remove = () => kubectl(['delete', 'namespace', 'monitoring', '--ignore-not-found']);
  beforeAll(async () => {
    await remove(); // of a run that was interrupted
    if (watched !== undefined) {
      await load(await kubeStateMetricsImages());
      await applyManifests(kubectl, ['kube-state-metrics']);
      await kubectl(['apply', '--filename=-'], JSON.stringify(rulesOf(watched)));
      await rolledOut(kubectl, 'monitoring', 'kube-state-metrics');
    }
    await installPrometheus(kubectl, load);
  }, hour);
  afterAll(remove);

  async function ask<Found>(path: string, parameters: Readonly<Record<string, string>>) {
    const proxy = '/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1';
    const url = `${proxy}/${path}?${new URLSearchParams(parameters)}`;
    const answer: Answer<Found> = JSON.parse(await kubectl(['get', '--raw', url]));
    return answer.data.result;
  }
  async function query(expression: string): Promise<Sample[]> {
    const found = await ask<{ value: [number, string] }>('query', { query: expression });
    return found
      .map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
      .filter(({ value }) => !Number.isNaN(value));
  }
  return {
    query,
    async history(expression, from, to, step) {
      const range = { query: expression, start: String(from), end: String(to), step: String(step) };
      const found = await ask<{ values: [number, string][] }>('query_range', range);
      return found.map(({ metric, values }) => ({
        labels: metric,
        points: values.map(([at, value]) => [at, Number(value)] as const),
      }));
    },
    async firing() {
      const alerts = await query('ALERTS{alertstate="firing"}');
      return alerts.map(({ metric }) => ({
        name: metric['alertname'],
        about: metric['version'] ?? metric['pod'],
      }));
    },
  };
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#expression-queries */
type Answer<Found> = {
  readonly data: {
    readonly result: readonly (Found & { readonly metric: Sample['metric'] })[];
  };
};

async function load(archives: readonly string[]): Promise<void> {
  for (const archive of archives) await provider().loadImage(archive);
}

/** The chart's PrometheusRule as a file for Prometheus, as the operator would hand it on. */
function rulesOf({ release, values }: { release: Release; values: Values }): object {
  const where = ['template', release.name, chart, '--namespace', release.namespace.name];
  const rules = ['--set=monitoring.prometheusRule.enabled=true', '--values=-', '--show-only'];
  const { status, stdout, stderr } = runTool(
    'helm',
    [...where, ...rules, 'templates/prometheusrule.yaml'],
    { input: JSON.stringify(values) },
  );
  if (status !== 0) throw new Error(`helm template failed: ${stderr}`);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'prometheus-rules', namespace: 'monitoring' },
    data: { 'rules.yaml': stringify(parse(stdout).spec) },
  };
}
