// `ml-sdk report`: an A/B test's outcome, from Prometheus.
import { addressIn } from '../address.ts';
import { type Options, optionLines, readOptions, wrongUsage } from '../arguments.ts';
import { UsageError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { PROGRAM } from '../program.ts';
import { figures } from './figures.ts';
import { text } from './text.ts';

const options = {
  prometheus: {
    type: 'string',
    value: 'URL',
    desc: 'The Prometheus that scrapes the release, such as http://localhost:9090',
  },
  namespace: { type: 'string', value: 'NAME', desc: 'Only pods of this namespace' },
  release: {
    type: 'string',
    value: 'NAME',
    desc: 'Only pods whose names begin with this, such as ml-api',
  },
  window: {
    type: 'string',
    default: '1h',
    value: 'DURATION',
    desc: 'How far to look back. Default: 1h',
  },
  json: { type: 'boolean', default: false, desc: 'Print the report as JSON' },
} as const satisfies Options;

const usage = `Usage: ${PROGRAM} report --prometheus URL [options]

  Reports on each version: requests, errors, latencies, and how often it predicted which class, with
  95 % intervals, and which differences chance does not explain. Needs the package simple-statistics.

${optionLines(options)}`;

export const reportCommand: Command = {
  usage,
  options,
  async run(args) {
    const { prometheus, namespace, release, window, json } = readOptions('report', args, options);
    if (prometheus === undefined)
      throw wrongUsage(
        'report',
        '--prometheus URL is missing, such as --prometheus http://localhost:9090.',
      );
    const address = addressIn('--prometheus', prometheus, 'http://localhost:9090');
    if (!/^(\d+(ms|[smhdwy]))+$/.test(window))
      throw new UsageError(`--window: expected a duration such as 1h, got "${window}".`);
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
    throw new UsageError(`${option}: expected a name such as ml-api, got "${value}".`);
  return value;
}
