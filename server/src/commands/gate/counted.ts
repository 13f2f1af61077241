// How much counters grew, in PromQL. Not increase() alone: it extrapolates, each pod by another factor, and leaves out
// what a pod counted before Prometheus first saw it. The numbers here are those that were counted.

interface Of {
  /** What selects the release's series. */
  readonly series: string;
  /** What selects some of them. */
  readonly labels: string;
  /** Time to look back, such as `1h30m`. */
  readonly window: string;
}

/** @returns an expression with a value for each series of a counter */
export function counted(metric: string, { series, labels, window }: Of): string {
  const range = `${metric}{${series},${labels}}[${window}]`;
  const started = `min_over_time(process_start_time_seconds{${series}}[${window}])`;
  return [
    `increase(${range}) and resets(${range}) > 0`, // a container that was restarted
    `max_over_time(${range}) and on (instance, pod) (${started} > time() - ${secondsOf(window)})`, // from 0
    `max_over_time(${range}) - min_over_time(${range})`,
  ].join(' or ');
}

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)(ms|[smh])/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (SECONDS[unit] ?? 0), 0);
}
