// What Prometheus is told of a shadowed version. All series are there from the start, so that rates of rare outcomes work.
import { Counter, Histogram, type Registry } from 'prom-client';
import { type Compared, OUTCOMES } from './shadow.ts';

const PROBABILITY_BUCKETS = [0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
/** Seconds; below 0 the challenger was faster. */
const LATENCY_BUCKETS = [
  -1, -0.1, -0.01, -0.001, -0.0001, 0, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1,
];

/** Counts what becomes of shadowed requests, by the version that they were sent to. */
export interface ShadowCounts {
  /** Its series are there from now on, at 0 where they were not. */
  begin(challenger: string): void;
  count(challenger: string, compared: Compared): void;
  /** They are there no longer: whoever looks sees the version that is in the shadow now. */
  end(challenger: string): void;
}

export function shadowMetrics(registry: Registry): ShadowCounts {
  let known: ReturnType<typeof createFamilies> | undefined;
  /** Made when the first shadow begins: most servers have none. */
  const families = () => {
    known ??= createFamilies(registry);
    return known;
  };
  return {
    begin(challenger) {
      const { requests, rows } = families();
      for (const outcome of OUTCOMES) requests.inc({ challenger, outcome }, 0);
      for (const outcome of ROWS) rows.inc({ challenger, outcome }, 0);
    },
    count(challenger, { outcome, agreement, latencyDifference }) {
      const { requests, rows, probability, latency } = families();
      requests.inc({ challenger, outcome });
      if (agreement !== undefined) {
        const disagreed = agreement.different.length;
        rows.inc({ challenger, outcome: 'disagreed' }, disagreed);
        rows.inc({ challenger, outcome: 'agreed' }, Math.max(0, agreement.rows - disagreed));
        if (agreement.probabilityDifference !== undefined)
          probability.observe({ challenger }, agreement.probabilityDifference);
      }
      if (latencyDifference !== undefined) latency.observe({ challenger }, latencyDifference);
    },
    end(challenger) {
      const { requests, rows, probability, latency } = families();
      for (const outcome of OUTCOMES) requests.remove({ challenger, outcome });
      for (const outcome of ROWS) rows.remove({ challenger, outcome });
      for (const histogram of [probability, latency]) histogram.remove({ challenger });
    },
  };
}

const ROWS = ['agreed', 'disagreed'] as const;

function createFamilies(registry: Registry) {
  const registers = [registry];
  const requests = new Counter({
    name: 'ml_api_shadow_requests_total',
    help: 'Shadowed requests, by outcome; dropped: too many or too large ones were in flight, or JSON cannot carry them.',
    labelNames: ['challenger', 'outcome'],
    registers,
  });
  const rows = new Counter({
    name: 'ml_api_shadow_rows_total',
    help: 'Rows with a prediction from both champion and challenger, by outcome.',
    labelNames: ['challenger', 'outcome'],
    registers,
  });
  const probability = new Histogram({
    name: 'ml_api_shadow_probability_difference',
    help: 'Largest difference between probabilities in a shadowed request.',
    labelNames: ['challenger'],
    buckets: PROBABILITY_BUCKETS,
    registers,
  });
  const latency = new Histogram({
    name: 'ml_api_shadow_latency_difference_seconds',
    help: "Time in the challenger's queue and run minus the champion's.",
    labelNames: ['challenger'],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  return { requests, rows, probability, latency };
}
