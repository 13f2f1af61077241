// `ml-sdk report`: an A/B test's outcome, from Prometheus.
import { addressIn } from '../address.ts';
import { readOptions } from '../arguments.ts';
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { figures } from './figures.ts';
import { text } from './text.ts';

const usage = `Usage: ml-sdk report --prometheus URL [options]

  Reports on each version: requests, errors, latencies, and how often it predicted which class, with
  95 % intervals, and which differences chance does not explain. Needs the package simple-statistics.

  --prometheus URL      The Prometheus that scrapes the release, such as http://localhost:9090
  --namespace NAME      Only pods of this namespace
  --release NAME        Only pods whose names begin with this, such as ml-api
  --window DURATION     How far to look back. Default: 1h
  --json                Print the report as JSON
`;

const options = {
  prometheus: { type: 'string' },
  namespace: { type: 'string' },
  release: { type: 'string' },
  window: { type: 'string', default: '1h' },
  json: { type: 'boolean', default: false },
} as const;

export const reportCommand: Command = {
  usage,
  async run(args) {
    const { prometheus, namespace, release, window, json } = readOptions(args, options, usage);
    if (prometheus === undefined) throw new CliError(`--prometheus is missing.\n\n${usage}`);
    const address = addressIn('--prometheus', prometheus, 'http://localhost:9090');
    if (!/^(\d+(ms|[smhdwy]))+$/.test(window))
      throw new CliError(`--window: expected a duration such as 1h, got "${window}".`);
    const series = [
      ...(namespace === undefined ? [] : [`namespace="${name('--namespace', namespace)}"`]),
      ...(release === undefined ? [] : [`pod=~"${name('--release', release)}-.+"`]),
    ].join(',');
    const report = await figures({
      prometheus: address,
      series,
      window,
    });
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : text(report));
    return 0;
  },
};

/** A name of Kubernetes, which PromQL can quote as it is. */
function name(option: string, value: string): string {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(value))
    throw new CliError(`${option}: expected a name such as ml-api, got "${value}".`);
  return value;
}
