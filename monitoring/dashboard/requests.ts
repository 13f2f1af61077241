// Rate, errors, duration: what clients see.
import { type PanelOptions, panel } from './panels.ts';
import { ofPredictions, quantile, rate, share } from './series.ts';

const requests = (...matchers: string[]) =>
  ofPredictions('ml_api_http_requests_total', ...matchers);
const duration = (suffix: string) => ofPredictions(`ml_api_http_request_duration_seconds${suffix}`);

const latency = (name: string, q: number): PanelOptions => ({
  title: `Latency ${name}`,
  description: `${q * 100} % of the predictions were answered faster, from the request to the end of its answer.`,
  unit: 's',
  queries: [{ expr: quantile(q, duration) }],
  width: 6,
});

export const requestPanels = [
  panel({
    title: 'Requests',
    description: 'Predictions asked for a second.',
    unit: 'reqps',
    queries: [{ expr: rate(requests()) }],
    width: 8,
  }),
  panel({
    title: 'Errors',
    description:
      'Share of the predictions that the server failed (5xx). This is what burns the error budget.',
    unit: 'percentunit',
    queries: [{ expr: share(rate(requests('status=~"5.."')), rate(requests())) }],
    width: 8,
  }),
  panel({
    title: 'Responses by status',
    description: '4xx are mistakes of clients, 499 are clients that went away, 503 a full queue.',
    unit: 'reqps',
    queries: [{ expr: rate(requests(), ['version', 'status']), legend: '{{version}} {{status}}' }],
    width: 8,
  }),
  panel(latency('p50', 0.5)),
  panel(latency('p90', 0.9)),
  panel(latency('p99', 0.99)),
  panel(latency('p99.9', 0.999)),
];
