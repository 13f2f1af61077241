// The versions of a release, from the cluster's objects and the pods' own metrics.
import { figuresOf } from './figures.ts';
import type { Autoscaler, Deployment, Pod, Resource } from './kubernetes.ts';
import { parseMetrics } from './prometheus-text.ts';
import type { Version } from './table.ts';
import { weightsOf } from './weights.ts';

/** @param metricsOf gives a pod's metrics; undefined where it has none */
export async function versionsOf(
  resources: readonly Resource[],
  metricsOf: (pod: Pod) => Promise<string | undefined>,
): Promise<Version[]> {
  const deployments = resources.filter((one): one is Deployment => one.kind === 'Deployment');
  const pods = resources.filter((one): one is Pod => one.kind === 'Pod').filter(isReady);
  const autoscalers = resources.filter(
    (one): one is Autoscaler => one.kind === 'HorizontalPodAutoscaler',
  );
  const told = await Promise.all(
    pods.map(async (pod) => ({
      version: versionOf(pod.metadata),
      samples: parseMetrics((await metricsOf(pod)) ?? ''),
    })),
  );
  const all = told.flatMap(({ samples }) => samples);
  const weights = weightsOf(resources, all);
  const versions = deployments.map(({ metadata, spec, status }): Version => {
    const name = versionOf(metadata);
    const samples = told.flatMap(({ version, samples }) => (version === name ? samples : []));
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

function versionOf({ labels }: Deployment['metadata']): string {
  return labels?.['ml-api/model-version'] ?? '';
}

/** Pods of `helm test` have run to their end, and are none. */
function isReady({ status }: Pod): boolean {
  return status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
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
