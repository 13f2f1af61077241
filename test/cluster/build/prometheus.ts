// Prometheus with its discovery of Kubernetes, and promtool.
import path from 'node:path';
import { cached } from './cache.ts';
import { goBuild, goSources } from './go.ts';
import { writeArchives } from './images.ts';
import type { Image } from './oci-archive.ts';

const command = 'github.com/prometheus/prometheus/cmd';

/** The folder of prometheus and promtool. */
export async function buildPrometheus(): Promise<string> {
  // Without the other discoveries, which bring the SDKs of every cloud along.
  const flags = ['-tags=remove_all_sd,enable_kubernetes_sd', '-ldflags=-s -w'];
  return await cached('prometheus', [...goSources('prometheus'), ...flags], async (folder) => {
    console.error('Building Prometheus, once: two minutes …');
    const programs = [`${command}/prometheus`, `${command}/promtool`];
    await goBuild('prometheus', [...flags, '-o', `${folder}/`, ...programs]);
  });
}

/** The image archives of what manifests/prometheus.yaml runs. */
export async function prometheusImages(): Promise<string[]> {
  const folder = await buildPrometheus();
  const prometheus: Image = {
    names: ['quay.io/prometheus/prometheus:v3.13.0'],
    files: { '/bin/prometheus': path.join(folder, 'prometheus') },
    entrypoint: ['/bin/prometheus'],
  };
  return await writeArchives('prometheus-image', { prometheus });
}
