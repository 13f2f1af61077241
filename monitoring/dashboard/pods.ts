// The pods: how many there are and should be, how near each is to its limits, and what it uses.
// Replicas and autoscalers come from kube-state-metrics, throttling from the kubelet, the rest from the pods themselves.
import { type PanelOptions, panel } from './panels.ts';
import { ofAutoscalers, ofDeployments, ofModels, ofPredictors, rate } from './series.ts';

const pod = ['version', 'pod'];
const legend = '{{pod}}';
const byPod = (gauge: string, of = ofPredictors) => `sum by (${pod.join(', ')}) (${of(gauge)})`;
const cpu = rate(ofPredictors('process_cpu_seconds_total'), pod);

const eventLoop = 'nodejs_eventloop_time_seconds_total';
const hpa = 'kube_horizontalpodautoscaler';
const utilization = 'metric_target_type="utilization"';

const ofLimit = (
  options: Pick<PanelOptions, 'title' | 'description'>,
  use: string,
  limit: string,
) =>
  panel({
    ...options,
    unit: 'percentunit',
    queries: [{ expr: `${use} / ${limit}`, legend }],
    width: 8,
  });

export const replicaPanels = [
  panel({
    title: 'Replicas',
    description: 'Pods that are ready, and what the autoscaler wants and may have.',
    unit: 'short',
    queries: [
      {
        expr: ofDeployments('kube_deployment_status_replicas_ready'),
        legend: '{{deployment}} ready',
      },
      {
        expr: ofAutoscalers(`${hpa}_status_desired_replicas`),
        legend: '{{horizontalpodautoscaler}} wanted',
      },
      {
        expr: ofAutoscalers(`${hpa}_spec_max_replicas`),
        legend: '{{horizontalpodautoscaler}} most',
      },
    ],
    width: 12,
  }),
  panel({
    title: 'Autoscaler and its target',
    description:
      'Use of what the pods request, in percent. Above the target pods are added, below it they go after a while.',
    unit: 'percent',
    queries: [
      {
        expr: ofAutoscalers(`${hpa}_status_target_metric`, utilization),
        legend: '{{horizontalpodautoscaler}} {{metric_name}}',
      },
      {
        expr: ofAutoscalers(`${hpa}_spec_target_metric`, utilization),
        legend: '{{horizontalpodautoscaler}} {{metric_name}} target',
      },
    ],
    width: 12,
  }),
];

export const saturationPanels = [
  ofLimit(
    { title: 'CPU of the limit', description: 'At 1 the pod is throttled and latency rises.' },
    cpu,
    byPod('ml_api_cpu_limit_cores'),
  ),
  ofLimit(
    { title: 'Queue of the limit', description: 'At 1 requests are refused with 503.' },
    byPod('ml_api_queue_rows', ofModels),
    byPod('ml_api_queue_limit_rows', ofModels),
  ),
  ofLimit(
    { title: 'Memory of the limit', description: 'At 1 the kernel ends the pod (OOMKilled).' },
    byPod('process_resident_memory_bytes'),
    byPod('ml_api_memory_limit_bytes'),
  ),
  panel({
    title: 'CPU throttling',
    description: 'Share of the scheduling periods in which the pod had used its CPU limit up.',
    unit: 'percentunit',
    queries: [
      {
        expr: `${rate(ofPredictors('container_cpu_cfs_throttled_periods_total', 'container="predictor"'), ['pod'])} / ${rate(ofPredictors('container_cpu_cfs_periods_total', 'container="predictor"'), ['pod'])}`,
        legend,
      },
    ],
    width: 8,
    max: 1,
  }),
  panel({
    title: 'Requests in flight',
    description: 'Requests being answered by each pod.',
    unit: 'short',
    queries: [{ expr: byPod('ml_api_requests_in_flight'), legend }],
    width: 8,
  }),
  panel({
    title: 'Event loop busy',
    description:
      'Share of the time that the serving threads of each pod work instead of wait. Near 100 %, requests wait for each other.',
    unit: 'percentunit',
    queries: [
      {
        expr: `${rate(ofPredictors(eventLoop, 'nodejs_eventloop_state="active"'), pod)} / ${rate(ofPredictors(eventLoop), pod)}`,
        legend,
      },
    ],
    width: 8,
    max: 1,
  }),
];

export const resourcePanels = [
  panel({
    title: 'CPU',
    description: 'Cores used by each pod.',
    unit: 'short',
    queries: [{ expr: cpu, legend }],
    width: 8,
  }),
  panel({
    title: 'Memory',
    description: 'Resident memory of each pod.',
    unit: 'bytes',
    queries: [{ expr: byPod('process_resident_memory_bytes'), legend }],
    width: 8,
  }),
  panel({
    title: 'Restarts',
    description: 'How often each container was started again. A rising line is a crash loop.',
    unit: 'short',
    queries: [
      {
        expr: `sum by (pod) (${ofPredictors('kube_pod_container_status_restarts_total', 'container="predictor"')})`,
        legend,
      },
    ],
    width: 8,
  }),
];
