// Which pods do not share the traffic as the release says yet: a kubelet delivers a changed ConfigMap later.
import { createHash } from 'node:crypto';
import type { ConfigMap, Resource } from './kubernetes.ts';
import type { ServingPod } from './pods.ts';

export interface PodBehind {
  readonly name: string;
  readonly why: string;
}

/** Each pod that is given traffic settings, and applies others. */
export function podsBehind(
  resources: readonly Resource[],
  pods: readonly ServingPod[],
): PodBehind[] {
  const configMaps = resources.filter((one): one is ConfigMap => one.kind === 'ConfigMap');
  return pods.flatMap(({ pod, version, samples }) => {
    const volume = pod.spec.volumes?.find(({ name }) => name === 'traffic');
    const configMap = configMaps.find(({ metadata }) => metadata.name === volume?.configMap?.name);
    const wanted = configMap?.data?.[`${version}.json`];
    if (wanted === undefined) return [];
    const sha256 = createHash('sha256').update(wanted).digest('hex');
    const applied = samples.filter(({ name }) => name === 'ml_api_traffic_info');
    if (applied.length > 0 && applied.every(({ labels }) => labels['sha256'] === sha256)) return [];
    const refused = samples.some((one) => one.name === 'ml_api_traffic_refused' && one.value > 0);
    return [{ name: pod.metadata.name, why: reason(applied.length, refused) }];
  });
}

function reason(applied: number, refused: boolean): string {
  if (applied === 0) return 'does not say which traffic settings it applies';
  return refused
    ? 'refuses the traffic settings, and its log says why'
    : 'applies older traffic settings';
}
