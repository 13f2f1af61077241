// The chart's PrometheusRule as Prometheus reads it: of release ml-api in namespace models, by default values.
import { parse } from 'yaml';
import { render } from '../chart/chart.ts';

type Rule = { readonly alert?: string; readonly record?: string; readonly expr: string };

/** The rules, without the resource around them. */
export function chartRules(): { readonly groups: readonly { readonly rules: readonly Rule[] }[] } {
  const enabled = ['--set', 'monitoring.prometheusRule.enabled=true'];
  return parse(render('--show-only', 'templates/prometheusrule.yaml', ...enabled)).spec;
}

/** The names of its alerts, each once. */
export function chartAlerts(): string[] {
  const rules = chartRules().groups.flatMap((group) => group.rules);
  return [...new Set(rules.flatMap(({ alert }) => alert ?? []))].sort();
}
