// What Prometheus is told of how versions share the traffic.
import { createHash } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';
import type { WatchedFile } from '../util/watched-file.ts';
import type { SplitSettings } from './traffic.ts';

/** @param file that says it; undefined where none does */
export function createTrafficMetrics(
  registry: Registry,
  traffic: { readonly settings: Pick<SplitSettings, 'SPLIT'> },
  file: Pick<WatchedFile<unknown>, 'content' | 'isRefused'> | undefined,
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
  if (file === undefined) return;
  new Gauge({
    name: 'ml_api_traffic_info',
    help: '1, with the SHA-256 of the content of TRAFFIC_FILE that this process applies.',
    labelNames: ['sha256'],
    registers,
    aggregator: 'first', // threads that apply different contents show one each
    collect() {
      this.reset();
      this.set({ sha256: createHash('sha256').update(file.content).digest('hex') }, 1);
    },
  });
  new Gauge({
    name: 'ml_api_traffic_refused',
    help: '1 while TRAFFIC_FILE is invalid or cannot be read; the log says why.',
    registers,
    aggregator: 'max',
    collect() {
      this.set(Number(file.isRefused));
    },
  });
}
