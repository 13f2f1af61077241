// What the pods of one version have counted since each started, added up.
import type { Sample } from './prometheus-text.ts';

export type Figures = {
  /** Its name, or those of several, separated by commas. */
  readonly model: string;
  /** Empty for several models: each has its own. */
  readonly contractHash: string;
  readonly requests: number;
  /** Predictions that the server failed (5xx). */
  readonly errors: number;
  /** Seconds; undefined without predictions. */
  readonly p99: number | undefined;
  /** What its shadow makes of the same rows; undefined without one. */
  readonly shadow:
    | { readonly challenger: string; readonly rows: number; readonly disagreed: number }
    | undefined;
};

const isPrediction =
  /^\/predict$|^\/v2\/models\/.+\/infer$|^\/inference\.GRPCInferenceService\/Model(Stream)?Infer$/;

/** The figures of the samples of all pods of a version. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const infos = samples.filter(({ name }) => name === 'ml_api_model_info');
  const models = [...new Set(infos.map(({ labels }) => labels['name'] ?? ''))];
  const [first] = infos;
  const requests = ofPredictions(samples, 'ml_api_http_requests_total');
  return {
    model: models.join(', '),
    contractHash: models.length > 1 ? '' : (first?.labels['contract_hash'] ?? ''),
    requests: sum(requests),
    errors: sum(requests.filter(({ labels }) => labels['status']?.startsWith('5'))),
    p99: quantile(0.99, ofPredictions(samples, 'ml_api_http_request_duration_seconds_bucket')),
    shadow: shadowOf(samples.filter(({ name }) => name === 'ml_api_shadow_rows_total')),
  };
}

function ofPredictions(samples: readonly Sample[], metric: string): Sample[] {
  return samples.filter(
    ({ name, labels }) => name === metric && isPrediction.test(labels['route'] ?? ''),
  );
}

function shadowOf(rows: readonly Sample[]): Figures['shadow'] {
  const challenger = rows[0]?.labels['challenger'];
  if (challenger === undefined) return undefined;
  const disagreed = rows.filter(({ labels }) => labels['outcome'] === 'disagreed');
  return { challenger, rows: sum(rows), disagreed: sum(disagreed) };
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

/** As Prometheus' histogram_quantile: linear within the bucket, and the last finite bound beyond it. */
function quantile(q: number, buckets: readonly Sample[]): number | undefined {
  const cumulative = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']);
    cumulative.set(bound, (cumulative.get(bound) ?? 0) + value);
  }
  const sorted = [...cumulative].sort(([a], [b]) => a - b);
  const rank = q * (sorted.at(-1)?.[1] ?? 0);
  if (rank === 0) return undefined;
  let lower = 0;
  let below = 0;
  for (const [upper, count] of sorted) {
    if (count >= rank && upper !== Number.POSITIVE_INFINITY) {
      return lower + ((upper - lower) * (rank - below)) / (count - below);
    }
    if (upper === Number.POSITIVE_INFINITY) return lower;
    lower = upper;
    below = count;
  }
  return undefined;
}
