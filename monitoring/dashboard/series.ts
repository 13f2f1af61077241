// The series that the dashboard reads, narrowed to what its variables choose.

/** Time over which rates are taken: Grafana makes it at least four scrapes long. */
const interval = '$__rate_interval';

/** The pods of the chosen Deployments: theirs end in the two hashes of ReplicaSet and pod. */
const ofPods = 'namespace="$namespace",pod=~"($deployment)-[a-z0-9]+-[a-z0-9]+"';

/** What answers predictions: all else is people's pages, probes and scrapes. */
const predictionRoutes =
  'route=~"/predict|/v2/models/.+/infer|/inference.GRPCInferenceService/Model(Stream)?Infer"';

/** A series of the predictor's pods, or one that kube-state-metrics or the kubelet has of them. */
export function ofPredictors(name: string, ...matchers: string[]): string {
  return `${name}{${[ofPods, ...matchers].join(',')}}`;
}

/** The same, of the chosen models: what the predictor tells of each. */
export function ofModels(name: string, ...matchers: string[]): string {
  return ofPredictors(name, 'model=~"$model"', ...matchers);
}

/** The same, of predictions only. */
export function ofPredictions(name: string, ...matchers: string[]): string {
  return ofModels(name, predictionRoutes, ...matchers);
}

/** What kube-state-metrics has of the chosen Deployments. */
export function ofDeployments(name: string): string {
  return `${name}{namespace="$namespace",deployment=~"$deployment"}`;
}

/** What kube-state-metrics has of their autoscalers, which KEDA names in its own way. */
export function ofAutoscalers(name: string, ...matchers: string[]): string {
  const named = 'horizontalpodautoscaler=~"(keda-hpa-)?($deployment)"';
  return `${name}{${['namespace="$namespace"', named, ...matchers].join(',')}}`;
}

/** The increase a second of a counter, summed by these labels. */
export function rate(counter: string, by: readonly string[] = ['version']): string {
  return `sum by (${by.join(', ')}) (rate(${counter}[${interval}]))`;
}

/** A quantile of a histogram, which is given without its suffix. */
export function quantile(q: number, histogram: (suffix: string) => string, by = ['version']) {
  return `histogram_quantile(${q}, ${rate(histogram('_bucket'), [...by, 'le'])})`;
}

/** The mean of a histogram's observations. */
export function mean(histogram: (suffix: string) => string): string {
  return `${rate(histogram('_sum'))} / ${rate(histogram('_count'))}`;
}

/** The share that part is of whole: 0 where there is no part at all, rather than no line. */
export function share(part: string, whole: string): string {
  return `(${part} or 0 * ${whole}) / ${whole}`;
}
