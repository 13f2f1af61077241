// The versions of a release, from the cluster's objects and the pods' own metrics.
import { figuresOf } from './figures.ts';
import type { Autoscaler, Deployment, Resource } from './kubernetes.ts';
import { type ServingPod, versionOf } from './pods.ts';
import type { Version } from './table.ts';
import { weightsOf } from './weights.ts';

export function versionsOf(resources: readonly Resource[], pods: readonly ServingPod[]): Version[] {
  const deployments = resources.filter((one): one is Deployment => one.kind === 'Deployment');
  const autoscalers = resources.filter(
    (one): one is Autoscaler => one.kind === 'HorizontalPodAutoscaler',
  );
  const all = pods.flatMap(({ samples }) => samples);
  const weights = weightsOf(resources, all);
  const versions = deployments.map(({ metadata, spec, status }): Version => {
    const name = versionOf(metadata);
    const samples = pods.flatMap(({ version, samples }) => (version === name ? samples : []));
    const ours = samples.some((sample) => sample.name === 'ml_api_model_info');
    const autoscaler = autoscalers.find((one) => one.spec.scaleTargetRef.name === metadata.name);
    return {
      name,
      weight: weights.get(metadata.name),
      ready: status.readyReplicas ?? 0,
      wanted: spec.replicas ?? 1,
      scaling: autoscaler && scalingOf(autoscaler),
      figures: ours ? figuresOf(samples) : undefined,
    };
  });
  return versions.sort((a, b) => a.name.localeCompare(b.name));
}

function scalingOf({ spec, status }: Autoscaler): NonNullable<Version['scaling']> {
  const isCpu = (metric: { readonly containerResource?: { readonly name: string } }) =>
    metric.containerResource?.name === 'cpu';
  return {
    min: spec.minReplicas ?? 1,
    max: spec.maxReplicas,
    use: status.currentMetrics?.find(isCpu)?.containerResource?.current.averageUtilization,
    target: spec.metrics?.find(isCpu)?.containerResource?.target.averageUtilization,
  };
}
