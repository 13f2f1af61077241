// What metrics cost: the time that one prediction spends in counting, beside the time that it takes in all.
import { createMetrics } from '../../server/src/observe/metrics.ts';
import { accepted, exchange, model, result, slot } from '../one-prediction.ts';
import { median } from './quantile.ts';

const COUNT = 200_000;
const ROUNDS = 7;

/** @param perSecond predictions a second that the server answered on one core, each counted */
export function metricsCost(perSecond: number): string {
  const metrics = createMetrics({
    version: 'v1',
    slots: () => [slot],
    resources: { cpus: 1, memoryBytes: 1 },
    requestsInFlight: () => 0,
    refusals: [],
    workerThreadsLost: () => 0,
    threads: () => 1,
    silentThreads: () => 0,
  });
  const counted = result();
  const microseconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < COUNT; i++) {
      metrics.ran(model, 1, 0.02 * (i % 7)); // in a batch, once for all its requests
      metrics.succeeded(accepted, counted);
      metrics.exchangeEnded({ ...exchange, durationMs: 0.1 * (i % 11) });
    }
    microseconds.push(((performance.now() - startedAt) * 1000) / COUNT);
  }
  const cost = median(microseconds);
  const whole = 1e6 / perSecond;
  return `Metrics: counting takes ${cost.toFixed(2)} µs of the ${whole.toFixed(1)} µs of a prediction at 64 connections, ${((100 * cost) / whole).toFixed(1)} %.\n`;
}

if (import.meta.main) process.stdout.write(metricsCost(50_000));
