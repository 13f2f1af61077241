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
  createTrafficMetrics(metrics.registry, { settings: { SPLIT } }, () => false);
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
  return `# Metrics of the predictor

\`npm run docs:generate\` writes this page from \`server/src/observe/metrics.ts\`. They are served at \`GET /metrics\`, or at
\`METRICS_PORT\`. Every series has the label \`version\`, too. Names and units are those of
[Prometheus' conventions](https://prometheus.io/docs/practices/naming/): seconds, bytes, and \`_total\` for counters.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

Beside these are prom-client's own: \`process_*\` (CPU, memory, file descriptors) and \`nodejs_*\` (event loop, heap, garbage
collection).

\`reason\` is the kind of the problem in the response (\`request-timeout\`: HEADERS_TIMEOUT_MS or UPLOAD_TIMEOUT_MS; \`overloaded\`: too
many requests of one connection), or, where there is none, \`too-many-connections\` (MAX_CONNECTIONS) or \`stalled\`
(STALL_TIMEOUT_MS). A connection whose request had reached its route, a broken body's for one, is counted in
\`ml_api_http_requests_total\` too.

No client can make series without end: \`route\` is a path of the contract, a method of the .proto files or \`other\`, \`method\` one of HTTP's usual ones or
\`other\`, \`status\` one that the predictor answers with, \`label\` one of the first 100 classes seen or \`other\`, \`reason\` one of nine, and
\`challenger\`, \`to\`, \`name\` and \`contract_hash\` are what the operator has set. No label holds an id, an address or an input.
`;
}
