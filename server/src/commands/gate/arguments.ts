// The options of `gate`.
import { readFileSync } from 'node:fs';
import { withoutTrailingSlashes } from '../../net/base-url.ts';
import { CommandError, type UsageError } from '../../util/command-error.ts';
import { EXIT } from '../../util/exit-codes.ts';
import { whyUnreadable } from '../../util/why-unreadable.ts';
import { type Options, optionsHelp, parsed, unexpected, wrongUsage } from '../options.ts';
import { type Deployed, readDeployed, type Weights } from './deployed.ts';
import type { PrometheusAddress } from './prometheus.ts';

/** In seconds: the last of LATENCY_BUCKETS in observe/metrics.ts, which this command does not load. */
const LARGEST_LATENCY = 10;

export const gateOptions = {
  prometheus: { type: 'string', value: 'URL', desc: 'The address of Prometheus' },
  'token-file': {
    type: 'string',
    value: 'FILE',
    desc: 'A file with the bearer token that Prometheus asks for',
  },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    desc: 'The certificate authority of Prometheus, as PEM; default: those of the system',
  },
  series: {
    type: 'string',
    value: 'SELECTOR',
    desc: 'Selector of the release\'s series, such as namespace="ml",pod=~"ml-api-.+"',
  },
  version: {
    type: 'string',
    multiple: true,
    value: 'V',
    desc: 'A version to check; may be repeated',
  },
  weights: {
    type: 'string',
    value: 'V=W,…',
    desc: 'The new weights; with --deployed, only versions that gain requests are checked',
  },
  deployed: {
    type: 'string',
    value: 'FILE',
    desc: 'The present weights, as the chart deploys them; without such a file, all versions are checked',
  },
  'first-default': {
    type: 'string',
    value: 'V',
    desc: 'The default version, which is not checked if there is no such file, as before the first installation',
  },
  window: {
    type: 'string',
    default: '30m',
    value: 'DURATION',
    desc: 'How far to look back (30m)',
  },
  'min-rows': {
    type: 'string',
    default: '1000',
    value: 'N',
    desc: 'Minimum of compared rows, and of requests, in that time (1000)',
  },
  'on-too-few-rows': {
    type: 'string',
    default: 'hold',
    value: 'WHAT',
    choices: ['hold', 'allow'],
    desc: 'If there are fewer: hold, which fails, or allow (hold)',
  },
  'max-disagreement': {
    type: 'string',
    value: 'S',
    desc: 'Maximum share of compared rows that disagree, from 0 to 1; not checked by default',
  },
  'max-error-ratio': {
    type: 'string',
    value: 'S',
    desc: 'Maximum share of requests that fail, from 0 to 1; not checked by default',
  },
  'max-latency-seconds': {
    type: 'string',
    value: 'T',
    desc: 'Maximum 99th percentile of the latency; not checked by default',
  },
} as const satisfies Options;

export const gateHelp = `Usage: ml-api gate --prometheus URL --series SELECTOR --version V … [options]

Checks metrics in Prometheus to decide whether versions may receive more traffic. Exits with ${EXIT.no} if they may not.

${optionsHelp(gateOptions)}
`;

export interface GateArguments {
  readonly prometheus: PrometheusAddress;
  readonly series: string;
  readonly versions: readonly string[];
  readonly weights: Weights | undefined;
  readonly deployed: Deployed | undefined;
  /** The version that is not looked at where nobody knows what is deployed: some version must answer first. */
  readonly firstDefault: string | undefined;
  readonly window: string;
  readonly minRows: number;
  readonly onTooFewRows: 'hold' | 'allow';
  readonly maxDisagreement: number | undefined;
  readonly maxErrorRatio: number | undefined;
  readonly maxLatencySeconds: number | undefined;
}

/** @throws UsageError naming the option that is wrong */
export function readGateArguments(args: readonly string[]): GateArguments {
  const values = parse(args);
  const { prometheus, series, version: versions = [], weights, deployed, window } = values;
  if (prometheus === undefined)
    throw usageError('--prometheus URL is missing, such as --prometheus http://localhost:9090');
  if (!URL.canParse(prometheus))
    throw usageError(
      '--prometheus: expected a URL such as http://prometheus:9090, got something else',
    );
  if (series === undefined)
    throw usageError('--series SELECTOR is missing: the labels of the release in Prometheus');
  if (versions.length === 0)
    throw usageError('--version V is missing: the version that may get more requests');
  if (!/^(\d+(w|d|h|m|s|ms))+$/.test(window))
    throw usageError(`--window: expected a duration such as 30m, got "${window}"`);
  const onTooFewRows = values['on-too-few-rows'];
  if (onTooFewRows !== 'hold' && onTooFewRows !== 'allow')
    throw usageError(`--on-too-few-rows: expected hold or allow, got "${onTooFewRows}"`);
  const number = (name: keyof typeof values, most: number) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (String(text).trim() === '' || !(value >= 0 && value <= most))
      throw usageError(`--${name}: expected a number from 0 to ${most}, got "${text}"`);
    return value;
  };
  const limits = {
    maxDisagreement: number('max-disagreement', 1),
    maxErrorRatio: number('max-error-ratio', 1),
    maxLatencySeconds: number('max-latency-seconds', 3600),
  };
  // A quantile of the histogram is never above its largest bound.
  if (limits.maxLatencySeconds !== undefined && limits.maxLatencySeconds >= LARGEST_LATENCY)
    throw usageError(
      `--max-latency-seconds: expected less than ${LARGEST_LATENCY}, the largest latency that the metrics tell apart, got ${limits.maxLatencySeconds}`,
    );
  const read: GateArguments = {
    prometheus: {
      url: withoutTrailingSlashes(prometheus),
      token: tokenIn(values['token-file']),
      ca: fileOf('--ca-file', values['ca-file']),
    },
    series,
    versions,
    weights: weights === undefined ? undefined : readWeights(weights),
    deployed: deployed === undefined ? undefined : readDeployed(deployed),
    firstDefault: values['first-default'],
    window,
    minRows: number('min-rows', Number.MAX_SAFE_INTEGER) ?? 0,
    onTooFewRows,
    ...limits,
  };
  if (Object.values(limits).every((limit) => limit === undefined))
    throw usageError(
      'No limit is set, so the gate would let everything pass: set --max-disagreement, --max-error-ratio or --max-latency-seconds',
    );
  return read;
}

/** @throws CommandError where it cannot be read, or holds what no header can */
function tokenIn(file: string | undefined): string | undefined {
  const token = fileOf('--token-file', file)?.trim();
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError(
    `--token-file: expected ${file} to hold one token, without spaces, found ${token === '' ? 'nothing' : 'something else'}.`,
  );
}

function fileOf(option: string, file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${option}: ${file} cannot be read: ${whyUnreadable(error)}`);
  }
}

function readWeights(text: string): Weights {
  const entries = text.split(',').map((part): [string, number] => {
    const [, version = '', weight] = /^([^=]+)=(\d+)$/.exec(part) ?? [];
    if (weight === undefined)
      throw usageError(`--weights: expected weights such as v1=90,v2=10, got "${text}"`);
    return [version, Number(weight)];
  });
  return Object.fromEntries(entries);
}

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parsed(args, gateOptions);
    if (positionals.length > 0)
      throw new TypeError(unexpected(String(positionals[0]), gateOptions));
    return values;
  } catch (error) {
    throw error instanceof TypeError ? usageError(error.message) : error;
  }
}

function usageError(problem: string): UsageError {
  return wrongUsage('gate', problem);
}
