// Versions beside each other: who serves how much, how well, and whether they say the same.
import { panel } from './panels.ts';
import { mean, ofModels, ofPredictions, rate, share } from './series.ts';

const requests = rate(ofPredictions('ml_api_http_requests_total'));
const failed = rate(ofPredictions('ml_api_http_requests_total', 'status=~"5.."'));
const predictions = (by: string[]) => rate(ofModels('ml_api_predictions_total'), by);
const duration = (suffix: string) => ofPredictions(`ml_api_http_request_duration_seconds${suffix}`);

export const versionPanels = [
  panel({
    title: 'Traffic split',
    description:
      'Share of the predictions that each version answers: the weights as they work out.',
    unit: 'percentunit',
    queries: [{ expr: `${requests} / scalar(sum(${requests}))` }],
    width: 6,
    max: 1,
    stacked: true,
  }),
  panel({
    title: 'Success by version',
    description: 'Share of the predictions without a failure of the server.',
    unit: 'percentunit',
    queries: [{ expr: `1 - ${share(failed, requests)}` }],
    width: 6,
    max: 1,
  }),
  panel({
    title: 'Mean latency by version',
    description: 'From the request to the end of its answer.',
    unit: 's',
    queries: [{ expr: mean(duration) }],
    width: 6,
  }),
  panel({
    title: 'Label mix by version',
    description:
      'Share of each label in the rows that a version predicts. Versions that get the same traffic should agree.',
    unit: 'percentunit',
    queries: [
      {
        expr: `${predictions(['version', 'label'])} / on (version) group_left () ${predictions(['version'])}`,
        legend: '{{version}} {{label}}',
      },
    ],
    width: 6,
    max: 1,
  }),
];
