// The command `gate`: refuses a promotion while the version's figures in Prometheus exceed the limits. The chart runs
// it before an upgrade that raises a version's weight; its failing stops the upgrade before anything has changed.
import { CheckError } from '../../util/command-error.ts';
import type { Command } from '../command.ts';
import { type GateArguments, gateHelp, gateOptions, readGateArguments } from './arguments.ts';
import { counted } from './counted.ts';
import { shareOf } from './deployed.ts';
import { createPrometheus, type Prometheus } from './prometheus.ts';

/** One thing that was looked at. */
interface Finding {
  readonly verdict: 'ok' | 'REFUSED' | 'TOO FEW';
  readonly text: string;
}

export const gateCommand: Command = { options: gateOptions, help: () => gateHelp, run: gate };

/** @throws CheckError when a version may not be promoted; the report says why */
async function gate(args: readonly string[]): Promise<void> {
  const options = readGateArguments(args);
  const raised = raisedOf(options);
  if (raised.length === 0) {
    process.stdout.write(
      'No version gets more of the requests than it has, so nothing is looked at.\n',
    );
    return;
  }
  const prometheus = createPrometheus(options.prometheus);
  const verdicts = new Set<Finding['verdict']>();
  for (const version of raised) {
    for (const { verdict, text } of await examine(prometheus, version, options)) {
      process.stdout.write(`${verdict.padEnd(7)} ${version}: ${text}\n`);
      verdicts.add(verdict);
    }
  }
  const refusal = verdicts.has('REFUSED')
    ? 'Look at the disagreements (GET /shadow/disagreements at the metrics port of a pod), or change promotion.gate in the values.'
    : 'Wait for more requests, or set promotion.gate.onTooFewRows to allow, which lets a version with few requests pass.';
  if (verdicts.has('REFUSED') || (verdicts.has('TOO FEW') && options.onTooFewRows === 'hold'))
    throw new CheckError(`\nThe weight is not raised, and nothing has changed. ${refusal}`);
  process.stdout.write('\nThe promotion may go on.\n');
}

/** The versions that are to get more of the requests than they have; all but the first default, where nobody knows what they have. */
function raisedOf(options: GateArguments): readonly string[] {
  const { versions, deployed, weights, firstDefault } = options;
  if (deployed === undefined) return versions.filter((version) => version !== firstDefault);
  if (weights === undefined) return versions;
  return versions.filter(
    (version) =>
      version !== deployed.default &&
      shareOf(weights, version) > shareOf(deployed.weights, version),
  );
}

async function examine(
  prometheus: Prometheus,
  version: string,
  options: GateArguments,
): Promise<Finding[]> {
  const { series, window, maxDisagreement, maxErrorRatio, maxLatencySeconds } = options;
  const findings: Finding[] = [];
  const sum = async (metric: string, labels: string) =>
    (await prometheus.value(`sum(${counted(metric, { series, labels, window })})`)) ?? 0;

  if (maxDisagreement !== undefined) {
    const challenger = `challenger="${version}"`;
    const rows = 'ml_api_shadow_rows_total';
    const all = await sum(rows, challenger);
    const disagreed = await sum(rows, `${challenger},outcome="disagreed"`);
    findings.push(
      enough(all, 'rows compared by a shadow', options) ??
        share(disagreed, all, 'rows disagree', maxDisagreement, 'maxDisagreement'),
    );
  }
  const own = `version="${version}",route=~"${PREDICTIONS}"`;
  if (maxErrorRatio !== undefined) {
    const requests = 'ml_api_http_requests_total';
    const all = await sum(requests, own);
    const failed = await sum(requests, `${own},status=~"5.."`);
    findings.push(
      enough(all, 'requests answered', options) ??
        share(failed, all, 'requests failed', maxErrorRatio, 'maxErrorRatio'),
    );
  }
  if (maxLatencySeconds !== undefined) {
    const buckets = `ml_api_http_request_duration_seconds_bucket{${series},${own}}`;
    const p99 = await prometheus.value(
      `histogram_quantile(0.99, sum by (le) (increase(${buckets}[${window}])))`,
    );
    findings.push(latency(p99, maxLatencySeconds, options));
  }
  return findings;
}

/** The routes that predict, as labels have them. */
const PREDICTIONS =
  '/predict|/v2/models/.+/infer|/inference.GRPCInferenceService/Model(Stream)?Infer';

/** Too few to tell; undefined where they are enough. */
function enough(count: number, what: string, options: GateArguments): Finding | undefined {
  const { minRows, window } = options;
  if (count >= minRows) return undefined;
  return tooFew(
    `${count} ${what} in the last ${window}; expected at least ${minRows} (minRows)`,
    options,
  );
}

function tooFew(text: string, { onTooFewRows }: GateArguments): Finding {
  const allowed = onTooFewRows === 'allow' ? '; allowed (onTooFewRows)' : '';
  return { verdict: 'TOO FEW', text: text + allowed };
}

function share(count: number, all: number, what: string, limit: number, name: string): Finding {
  const ok = count / all <= limit;
  const most = `${percent(limit)} (${name})`;
  return {
    verdict: ok ? 'ok' : 'REFUSED',
    text: `${count} of ${all} ${what}: ${percent(count / all)}, ${ok ? 'at most' : 'more than'} ${most}`,
  };
}

function latency(p99: number | undefined, limit: number, options: GateArguments): Finding {
  if (p99 === undefined)
    return tooFew(
      `no response was timed in the last ${options.window}; is the version scraped?`,
      options,
    );
  const ok = p99 <= limit;
  return {
    verdict: ok ? 'ok' : 'REFUSED',
    text: `99 % of the requests within ${(p99 * 1000).toFixed(1)} ms, ${ok ? 'at most' : 'more than'} ${limit * 1000} ms (maxLatencySeconds)`,
  };
}

function percent(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}
