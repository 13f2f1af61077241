// kube-state-metrics: what the API server knows of Deployments, pods and autoscalers, as metrics.
import path from 'node:path';
import { cached } from './cache.ts';
import { goBuild, goSources } from './go.ts';
import { writeArchives } from './images.ts';
import type { Image } from './oci-archive.ts';

/** The image archives of what manifests/kube-state-metrics.yaml runs. */
export async function kubeStateMetricsImages(): Promise<string[]> {
  const flags = ['-ldflags=-s -w'];
  const inputs = [...goSources('kube-state-metrics'), ...flags];
  const folder = await cached('kube-state-metrics', inputs, async (unfinished) => {
    console.error('Building kube-state-metrics, once: two minutes …');
    const output = path.join(unfinished, 'kube-state-metrics');
    await goBuild('kube-state-metrics', [...flags, '-o', output, 'k8s.io/kube-state-metrics/v2']);
  });
  const image: Image = {
    names: ['registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.18.0'],
    files: { '/kube-state-metrics': path.join(folder, 'kube-state-metrics') },
    entrypoint: ['/kube-state-metrics'],
  };
  return await writeArchives('kube-state-metrics-image', { image });
}
