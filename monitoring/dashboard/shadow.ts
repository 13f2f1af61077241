// The shadow: a challenger that gets copies of the champion's requests, and whose answers nobody sees.
import { panel } from './panels.ts';
import { ofPredictors, quantile, rate, share } from './series.ts';

const pair = ['version', 'challenger'];
const legend = '{{version}} and {{challenger}}';
const rows = (...matchers: string[]) =>
  rate(ofPredictors('ml_api_shadow_rows_total', ...matchers), pair);
const difference = (q: number, name: string, unit = '') => ({
  expr: quantile(
    q,
    (suffix) => ofPredictors(`ml_api_shadow_${name}_difference${unit}${suffix}`),
    pair,
  ),
  legend: `${legend} p${q * 100}`,
});

export const shadowPanels = [
  panel({
    title: 'Shadow disagreement',
    description:
      'Share of the compared rows for which champion and challenger predict differently.',
    unit: 'percentunit',
    queries: [{ expr: share(rows('outcome="disagreed"'), rows()), legend }],
    width: 6,
  }),
  panel({
    title: 'Shadow requests',
    description:
      'Copies by what came of them. Failed, timed-out and dropped ones are not compared: many of them make the comparison worth less.',
    unit: 'reqps',
    queries: [
      {
        expr: rate(ofPredictors('ml_api_shadow_requests_total'), [...pair, 'outcome']),
        legend: '{{challenger}} {{outcome}}',
      },
    ],
    width: 6,
  }),
  panel({
    title: 'Shadow probability difference',
    description: 'Largest difference of a probability in a request.',
    unit: 'percentunit',
    queries: [difference(0.5, 'probability'), difference(0.99, 'probability')],
    width: 6,
  }),
  panel({
    title: 'Shadow latency difference',
    description:
      "Time in the challenger's queue and run minus the champion's: below 0 the challenger is faster.",
    unit: 's',
    queries: [difference(0.5, 'latency', '_seconds'), difference(0.99, 'latency', '_seconds')],
    width: 6,
    min: null,
  }),
];
