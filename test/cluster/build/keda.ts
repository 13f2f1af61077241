// KEDA: its operator and its metrics adapter, and their manifests as they lie in its module.
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.ts';
import { goBuild, goSources, moduleFolder } from './go.ts';
import { writeArchives } from './images.ts';

const module = 'github.com/kedacore/keda/v2';
const version = '2.21.0'; // as in keda/go.mod
const images = {
  operator: 'ghcr.io/kedacore/keda',
  adapter: 'ghcr.io/kedacore/keda-metrics-apiserver',
};

/** What of the manifests is for other purposes than ours: images that are pulled anew each time, and slow first probes. */
const kustomization = {
  resources: ['config/minimal'],
  images: Object.values(images).map((name) => ({ name, newTag: version })),
  patches: [
    {
      target: { kind: 'Deployment' },
      patch: JSON.stringify([
        {
          op: 'replace',
          path: '/spec/template/spec/containers/0/imagePullPolicy',
          value: 'IfNotPresent',
        },
        {
          op: 'replace',
          path: '/spec/template/spec/containers/0/readinessProbe/initialDelaySeconds',
          value: 1,
        },
        {
          op: 'add',
          path: '/spec/template/spec/containers/0/readinessProbe/periodSeconds',
          value: 1,
        },
      ]),
    },
  ],
};

/** KEDA's image archives, and the folder that `kubectl apply --kustomize` takes. */
export async function buildKeda(): Promise<{ archives: string[]; manifests: string }> {
  const flags = ['-ldflags=-s -w'];
  const inputs = [...goSources('keda'), ...flags, JSON.stringify(kustomization)];
  const folder = await cached('keda', inputs, async (unfinished) => {
    console.error('Building KEDA, once: six minutes …');
    const programs = [`${module}/cmd/operator`, `${module}/cmd/adapter`];
    await goBuild('keda', [...flags, '-o', `${unfinished}/`, ...programs]);
    const config = path.join(await moduleFolder('keda', module), 'config');
    cpSync(config, path.join(unfinished, 'config'), { recursive: true });
    writeFileSync(path.join(unfinished, 'kustomization.yaml'), JSON.stringify(kustomization)); // JSON is YAML
  });
  const user = '65532:65532'; // the published images' too: the manifests want one that is not root
  const archives = await writeArchives('keda-images', {
    operator: {
      names: [`${images.operator}:${version}`],
      files: { '/keda': path.join(folder, 'operator') },
      user,
    },
    adapter: {
      names: [`${images.adapter}:${version}`],
      files: { '/keda-adapter': path.join(folder, 'adapter') },
      user,
    },
  });
  return { archives, manifests: folder };
}
