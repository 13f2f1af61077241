// Servers of LLMs, by their own metrics: what waits, how fast they speak, and how full their caches are.
import { panel } from './panels.ts';
import { ofPredictors, quantile, rate } from './series.ts';

/** The sum of a metric of vLLM's and of the like one of llama.cpp's, by version. */
const sumOf = (...metrics: string[]) =>
  metrics.map((metric) => `sum by (version) (${ofPredictors(metric)})`).join(' or ');
const rateOf = (...metrics: string[]) =>
  metrics.map((metric) => rate(ofPredictors(metric))).join(' or ');
const ofVllm = (histogram: string) => (suffix: string) => ofPredictors(`${histogram}${suffix}`);

export const llmPanels = [
  panel({
    title: 'Requests of LLMs',
    description: 'Requests that are answered, and those that wait: more pods help these.',
    unit: 'short',
    queries: [
      {
        expr: sumOf('vllm:num_requests_running', 'llamacpp:requests_processing'),
        legend: '{{version}} running',
      },
      {
        expr: sumOf('vllm:num_requests_waiting', 'llamacpp:requests_deferred'),
        legend: '{{version}} waiting',
      },
    ],
    width: 8,
  }),
  panel({
    title: 'Tokens',
    description: 'Tokens a second, of prompts and of answers.',
    unit: 'short',
    queries: [
      {
        expr: rateOf('vllm:generation_tokens_total', 'llamacpp:tokens_predicted_total'),
        legend: '{{version}} answers',
      },
      {
        expr: rateOf('vllm:prompt_tokens_total', 'llamacpp:prompt_tokens_total'),
        legend: '{{version}} prompts',
      },
    ],
    width: 8,
  }),
  panel({
    title: 'Time of a token',
    description:
      'vLLM: to the first token, p95, and between two, mean. llama.cpp tells only the latter.',
    unit: 's',
    queries: [
      {
        expr: quantile(0.95, ofVllm('vllm:time_to_first_token_seconds')),
        legend: '{{version}} first, p95',
      },
      {
        expr: [
          `${rate(ofPredictors('vllm:inter_token_latency_seconds_sum'))} / ${rate(ofPredictors('vllm:inter_token_latency_seconds_count'))}`,
          `${rate(ofPredictors('llamacpp:tokens_predicted_seconds_total'))} / ${rate(ofPredictors('llamacpp:tokens_predicted_total'))}`,
        ].join(' or '),
        legend: '{{version}} next, mean',
      },
    ],
    width: 8,
  }),
  panel({
    title: 'KV cache',
    description:
      'Share of the cache of contexts in use, in the fullest pod (vLLM). Full, requests wait.',
    unit: 'percentunit',
    queries: [{ expr: `max by (version) (${ofPredictors('vllm:kv_cache_usage_perc')})` }],
    width: 12,
    max: 1,
  }),
  panel({
    title: 'Requests in a step',
    description:
      'Requests that share a step of the model on average (llama.cpp): at most --parallel.',
    unit: 'short',
    queries: [{ expr: `max by (version) (${ofPredictors('llamacpp:n_busy_slots_per_decode')})` }],
    width: 12,
  }),
];
