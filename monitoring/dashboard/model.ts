// The model at work: what it predicts, and how its runs are filled.
import { panel } from './panels.ts';
import { mean, ofModels, quantile, rate } from './series.ts';

const predictions = ofModels('ml_api_predictions_total');
const batchRows = (suffix: string) => ofModels(`ml_api_batch_rows${suffix}`);
const inference = (suffix: string) => ofModels(`ml_api_inference_duration_seconds${suffix}`);

export const modelPanels = [
  panel({
    title: 'Predictions by label',
    description: 'Rows predicted a second. A shift is drift, of the inputs or of the model.',
    unit: 'rps',
    queries: [{ expr: rate(predictions, ['version', 'label']), legend: '{{version}} {{label}}' }],
    width: 12,
  }),
  panel({
    title: 'Time of a run',
    description: 'Mean time of one run of the model, whatever its rows.',
    unit: 's',
    queries: [{ expr: mean(inference) }],
    width: 12,
  }),
  panel({
    title: 'Batch size',
    description: 'Rows of one run, mean and p99. A mean of 1 means that nothing had to wait.',
    unit: 'short',
    queries: [
      { expr: mean(batchRows), legend: '{{version}} mean' },
      { expr: quantile(0.99, batchRows), legend: '{{version}} p99' },
    ],
    width: 12,
  }),
  panel({
    title: 'Queue',
    description: 'Rows waiting for a run, in the fullest pod.',
    unit: 'short',
    queries: [{ expr: `max by (version) (${ofModels('ml_api_queue_rows')})` }],
    width: 12,
  }),
];
