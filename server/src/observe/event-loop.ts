// How busy a thread's event loop is, by OpenTelemetry's name for it.
import { performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, type Registry } from 'prom-client';

/** The longest interval that Node takes, 24 days. */
const NEVER_MS = 2 ** 31 - 1;
const OF_TIMER = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/**
 * Registers prom-client's metrics of a process, without those that a timer measures all the time: it wakes each thread a hundred
 * times a second, which is most of the CPU of a pod without requests, and an autoscaler takes that for load.
 */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const figure of OF_TIMER)
    registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
  new Counter({
    name: 'nodejs_eventloop_time_seconds_total',
    help: 'Time of the event loops, by state: active, or idle while it waits.',
    labelNames: ['nodejs_eventloop_state'],
    registers: [registry],
    collect() {
      this.reset();
      const { active, idle } = performance.eventLoopUtilization();
      this.inc({ nodejs_eventloop_state: 'active' }, active / 1000);
      this.inc({ nodejs_eventloop_state: 'idle' }, idle / 1000);
    },
  });
}
