// The text of docs/metrics.md, from the predictor's own registry.
import { parseMetrics } from '../../monitoring/status/prometheus-text.ts';
import { createMetrics, joinMetrics } from '../../server/src/observe/metrics.ts';
import { Refusals } from '../../server/src/protocols/http/refusals.ts';
import { createTrafficMetrics } from '../../server/src/traffic/metrics.ts';
import { shadowMetrics } from '../../server/src/traffic/shadow/metrics.ts';
import { accepted, exchange, model, result, slot } from '../one-prediction.ts';

type Documented = {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
};

/** The metrics of a predictor that has seen everything it counts. */
async function documentedMetrics(): Promise<Documented[]> {
  const metrics = createMetrics({
    version: 'v1',
    slots: () => [slot],
    resources: { cpus: 1, memoryBytes: 1 },
    requestsInFlight: () => 0,
    refusals: new Refusals(),
    workerThreadsLost: () => 0,
    threads: () => 1,
    silentThreads: () => 0,
  });
  metrics.exchangeEnded(exchange);
  metrics.exchangeEnded({ ...exchange, forwardedTo: 'v2' });
  metrics.ran(model, 1, 1);
  metrics.succeeded(accepted, result());
  shadowMetrics(metrics.registry).count('v2', {
    outcome: 'agreed',
    agreement: { rows: 1, different: [], probabilityDifference: 0 },
    latencyDifference: 0,
  });
  const SPLIT = [{ version: 'v1', weight: 1, url: undefined }];
  createTrafficMetrics(
    metrics.registry,
    { settings: { SPLIT } },
    { content: '', isRefused: false },
  );
  const text = await joinMetrics([await metrics.counted()]);
  const samples = parseMetrics(text);
  return [...text.matchAll(/^# HELP (ml_api_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => {
      const labels = samples
        .filter((sample) => sample.name.startsWith(name))
        .flatMap((sample) => Object.keys(sample.labels))
        .filter((label) => label !== 'le' && label !== 'version');
      return { name, type, help, labels: [...new Set(labels)] };
    },
  );
}

export async function metricsPage(): Promise<string> {
  const rows = (await documentedMetrics()).map(
    ({ name, type, help, labels }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return `# Metrics

The server exports these metrics at \`GET /metrics\`, or at \`METRICS_PORT\`. [Monitoring](monitoring.md) says how to scrape them, and which
dashboards and alerts use them. Every series also has the label \`version\`. Names and units follow
[Prometheus' conventions](https://prometheus.io/docs/practices/naming/): seconds, bytes, and \`_total\` for counters.

\`npm run docs:generate\` writes this page from \`server/src/observe/metrics.ts\`.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

There are also the metrics of prom-client: \`process_*\` (CPU, memory, file descriptors) and \`nodejs_*\` (heap, garbage collection, event
loop). Its percentiles of the event loop's lag are left out: their timer wakes each thread a hundred times a second, and a pod without requests
is to cost nothing. \`nodejs_eventloop_time_seconds_total\` says how busy the threads are instead, by \`nodejs_eventloop_state\` \`active\` and \`idle\`.

## Reasons

The label \`reason\` is the kind of the problem in the response. Two kinds need an explanation: \`request-timeout\` comes from HEADERS_TIMEOUT_MS or
UPLOAD_TIMEOUT_MS, and \`overloaded\` means too many requests on one connection. If there is no response, \`reason\` is \`too-many-connections\`
(MAX_CONNECTIONS) or \`stalled\` (STALL_TIMEOUT_MS). If the request had reached its route, for example with a broken body,
\`ml_api_http_requests_total\` counts it, too.

## Number of series

No client can create an unlimited number of series:

- \`route\` is a path of the contract, a method of the .proto files, or \`other\`,
- \`method\` is one of HTTP's usual methods, or \`other\`,
- \`status\` is a status that the server can return,
- \`label\` is one of the first 100 classes seen, or \`other\`,
- \`reason\` is one of nine,
- \`challenger\`, \`to\`, \`name\` and \`contract_hash\` come from the operator.

No label holds an ID, an address or an input.
`;
}
