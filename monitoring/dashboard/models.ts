// The models of a server beside each other: who gets how much, how fast it is, and what became of what was put into its directory.
import { panel } from './panels.ts';
import { ofModels, ofPredictions, quantile, rate, share } from './series.ts';

const model = ['version', 'model'];
const legend = '{{version}} {{model}}';
const requests = (...matchers: string[]) =>
  rate(ofPredictions('ml_api_http_requests_total', 'model!=""', ...matchers), model);
const duration = (suffix: string) =>
  ofPredictions(`ml_api_http_request_duration_seconds${suffix}`, 'model!=""');
const slot = [...model, 'model_version'];
const ofSlot = '{{version}} {{model}} {{model_version}}';

export const modelsPanels = [
  panel({
    title: 'Requests by model',
    description: 'Predictions asked for a second, of each model.',
    unit: 'reqps',
    queries: [{ expr: requests(), legend }],
    width: 8,
  }),
  panel({
    title: 'Errors by model',
    description: 'Share of the predictions of each model that the server failed (5xx).',
    unit: 'percentunit',
    queries: [{ expr: share(requests('status=~"5.."'), requests()), legend }],
    width: 8,
  }),
  panel({
    title: 'Latency p99 by model',
    description:
      '99 % of the predictions were answered faster. Light models share one thread, so that one can hold up another.',
    unit: 's',
    queries: [{ expr: quantile(0.99, duration, model), legend }],
    width: 8,
  }),
  panel({
    title: 'Queue by model',
    description: 'Rows waiting for a run of each model and version of it, in the fullest pod.',
    unit: 'short',
    queries: [
      { expr: `max by (${slot.join(', ')}) (${ofModels('ml_api_queue_rows')})`, legend: ofSlot },
    ],
    width: 8,
  }),
  panel({
    title: 'Models replaced and refused',
    description:
      'Models that were put into a directory, a minute, by what came of them: replaced, or refused.',
    unit: 'short',
    queries: [
      {
        expr: `60 * ${rate(ofModels('ml_api_model_reloads_total'), [...slot, 'outcome'])}`,
        legend: `${ofSlot} {{outcome}}`,
      },
    ],
    width: 8,
  }),
  panel({
    title: 'Directories refused',
    description:
      'Pods that serve another model than the directory holds, or none: what it holds was refused. The log says why.',
    unit: 'short',
    queries: [
      {
        expr: `sum by (${slot.join(', ')}) (${ofModels('ml_api_model_reload_refused')})`,
        legend: ofSlot,
      },
    ],
    width: 8,
  }),
];
