// A Prometheus in the cluster that scrapes a release, with the chart's own rules, and questions to it.
import { inject } from 'vitest';
import { parse, stringify } from 'yaml';
import { chart } from '../chart/chart.ts';
import { applyManifests, kubectlOf, rolledOut } from '../cluster/addons.ts';
import { kubeStateMetricsImages } from '../cluster/build/kube-state-metrics.ts';
import { prometheusImages } from '../cluster/build/prometheus.ts';
import { provider } from '../cluster/cluster.ts';
import { runTool } from '../tools/tool.ts';
import type { Release, Values } from './release.ts';

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: number };

export class Prometheus {
  private readonly kubectl = kubectlOf(inject('cluster'));

  /** Starts it and kube-state-metrics, with the alerts that a release of these values has. */
  async start(release: Release, values: Values): Promise<void> {
    for (const archive of [...(await prometheusImages()), ...(await kubeStateMetricsImages())]) {
      await provider().loadImage(archive);
    }
    await applyManifests(this.kubectl, ['kube-state-metrics']);
    await this.kubectl(['apply', '--filename=-'], JSON.stringify(rulesOf(release, values)));
    await applyManifests(this.kubectl, ['prometheus']);
    await rolledOut(this.kubectl, 'monitoring', 'kube-state-metrics');
    await rolledOut(this.kubectl, 'monitoring', 'prometheus');
  }

  async stop(): Promise<void> {
    await this.kubectl(['delete', 'namespace', 'monitoring', '--ignore-not-found']);
  }

  /** What a query gives now. NaN is no value: nothing happened that a share could be taken of. */
  async query(expression: string): Promise<Sample[]> {
    const proxy = '/api/v1/namespaces/monitoring/services/prometheus:9090/proxy';
    const path = `${proxy}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = JSON.parse(await this.kubectl(['get', '--raw', path]));
    return data.result
      .map(({ metric, value }: { metric: Sample['metric']; value: [number, string] }) => ({
        metric,
        value: Number(value[1]),
      }))
      .filter(({ value }: Sample) => !Number.isNaN(value));
  }

  /** The names of the alerts that fire, each once. */
  async firing(): Promise<string[]> {
    const alerts = await this.query('ALERTS{alertstate="firing"}');
    return [...new Set(alerts.map(({ metric }) => metric['alertname'] ?? ''))].sort();
  }
}

/** The chart's PrometheusRule as a file for Prometheus, as the operator would hand it on. */
function rulesOf({ name, namespace }: Release, values: Values): object {
  const where = ['template', name, chart, '--namespace', namespace.name, '--values=-'];
  const rules = ['--set=monitoring.prometheusRule.enabled=true', '--show-only'];
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
