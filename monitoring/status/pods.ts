// The pods of a release that serve, with what each says of itself.
import type { Pod, Resource } from './kubernetes.ts';
import { parseMetrics, type Sample } from './prometheus-text.ts';

export interface ServingPod {
  readonly pod: Pod;
  readonly version: string;
  /** Its metrics; empty where it has none. */
  readonly samples: readonly Sample[];
}

/** @param metricsOf gives a pod's metrics; undefined where it has none */
export async function servingPods(
  resources: readonly Resource[],
  metricsOf: (pod: Pod) => Promise<string | undefined>,
): Promise<ServingPod[]> {
  const pods = resources.filter((one): one is Pod => one.kind === 'Pod').filter(isServing);
  return await Promise.all(
    pods.map(async (pod) => ({
      pod,
      version: versionOf(pod.metadata),
      samples: parseMetrics((await metricsOf(pod)) ?? ''),
    })),
  );
}

export function versionOf({ labels }: Pod['metadata']): string {
  return labels?.['ml-api/model-version'] ?? '';
}

/** Pods of `helm test` have run to their end, and serve nothing; those that end get no more requests. */
function isServing({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
}
