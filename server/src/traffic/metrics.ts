// What Prometheus is told of how versions share the traffic.
import { Gauge, type Registry } from 'prom-client';
import type { SplitSettings } from './traffic.ts';

/** @param isRefused whether the file that says it holds what was refused; undefined where no file says it */
export function createTrafficMetrics(
  registry: Registry,
  traffic: { readonly settings: Pick<SplitSettings, 'SPLIT'> },
  isRefused: (() => boolean) | undefined,
): void {
  const registers = [registry];
  new Gauge({
    name: 'ml_api_split_weight',
    help: 'Weight of a version in the split of requests, as this process applies it.',
    labelNames: ['to'],
    registers,
    aggregator: 'first', // each thread splits alike
    collect() {
      this.reset();
      for (const { version, weight } of traffic.settings.SPLIT ?? [])
        this.set({ to: version }, weight);
    },
  });
  if (isRefused)
    new Gauge({
      name: 'ml_api_traffic_refused',
      help: '1 while TRAFFIC_FILE is invalid or cannot be read; the log says why.',
      registers,
      aggregator: 'max',
      collect() {
        this.set(Number(isRefused()));
      },
    });
}
