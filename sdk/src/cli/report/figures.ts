// What Prometheus knows of each version's answers to users, and whether versions differ by more than chance.
import { type Share, shareOf } from '../statistics.ts';
import { counted, rangeOf } from './counted.ts';
import { query } from './prometheus.ts';
import { type Difference, differences } from './significance.ts';

/** The operations that predict, as the label `route` has them. */
const PREDICTIONS =
  'route=~"/predict|/v2/models/.+/infer|/inference.GRPCInferenceService/Model(Stream)?Infer"';
const QUANTILES = [0.5, 0.9, 0.99] as const;

export interface Question {
  readonly prometheus: string;
  /** What selects the release's series in PromQL, such as `namespace="models"`; empty: all. */
  readonly series: string;
  /** Time to look back, as PromQL writes it: `1h`. */
  readonly window: string;
}

export interface VersionFigures {
  readonly version: string;
  readonly requests: number;
  /** Requests that failed for a reason of the server: 5xx. */
  readonly errors: Share;
  /** Milliseconds of a response; absent where none was timed. */
  readonly latency: { readonly p50?: number; readonly p90?: number; readonly p99?: number };
  /** Rows predicted, by class; empty for models without classes. */
  readonly labels: Readonly<Record<string, Share>>;
}

/** The report, as --json prints it. */
export interface Report {
  readonly window: string;
  /** By the number of their requests, most first. */
  readonly versions: readonly VersionFigures[];
  /** The first version against each other one. */
  readonly differences: readonly Difference[];
}

/** @throws CliError when Prometheus does not answer */
export async function figures({ prometheus, series, window }: Question): Promise<Report> {
  const ask = (promql: string) => query(prometheus, promql);
  const count = (metric: string, labels: string) => counted(metric, { series, labels, window });
  const duration = 'ml_api_http_request_duration_seconds_bucket';
  const buckets = `increase(${rangeOf(duration, { series, labels: PREDICTIONS, window })})`;
  const [requests, labels, ...latencies] = await Promise.all([
    ask(`sum by (version, status) (${count('ml_api_http_requests_total', PREDICTIONS)})`),
    ask(`sum by (version, label) (${count('ml_api_predictions_total', '')})`),
    ...QUANTILES.map((q) => ask(`histogram_quantile(${q}, sum by (version, le) (${buckets}))`)),
  ]);
  const all = countsOf(requests, 'status');
  const rows = countsOf(labels, 'label');
  const versions = [...all]
    .map(([version, statuses]): VersionFigures => {
      const total = sum(statuses.values());
      const failed = sum([...statuses].filter(([s]) => s.startsWith('5')).map(([, n]) => n));
      const ofVersion = rows.get(version) ?? new Map<string, number>();
      const predicted = sum(ofVersion.values());
      const [p50, p90, p99] = latencies.map((answer) => {
        const seconds = answer.find((sample) => sample.labels['version'] === version)?.value;
        return Number.isFinite(seconds) ? Number(seconds) * 1000 : undefined;
      });
      return {
        version,
        requests: total,
        errors: shareOf(failed, total),
        latency: {
          ...(p50 !== undefined && { p50 }),
          ...(p90 !== undefined && { p90 }),
          ...(p99 !== undefined && { p99 }),
        },
        labels: Object.fromEntries(
          [...ofVersion].map(([label, count]) => [label, shareOf(count, predicted)]),
        ),
      };
    })
    .filter((one) => one.requests > 0)
    .toSorted((a, b) => b.requests - a.requests);
  return { window, versions, differences: await differences(versions) };
}

/** Counts by version and another label. */
function countsOf(
  samples: Awaited<ReturnType<typeof query>>,
  name: string,
): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const { labels, value } of samples) {
    const { version = '' } = labels;
    const ofVersion = counts.get(version) ?? new Map<string, number>();
    ofVersion.set(labels[name] ?? '', value);
    counts.set(version, ofVersion);
  }
  return counts;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
