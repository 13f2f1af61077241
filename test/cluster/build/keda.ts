// KEDA: its operator, its metrics adapter and its admission webhooks, and their manifests as they lie in its module.
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
  webhooks: 'ghcr.io/kedacore/keda-admission-webhooks',
};

/** What of the manifests is for other purposes than ours: images that are pulled anew each time, and slow first probes. */
const kustomization = {
  resources: ['config/default'],
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
    console.error('Building KEDA, once: seven minutes …');
    const programs = ['operator', 'adapter', 'webhooks'].map((name) => `${module}/cmd/${name}`);
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
    webhooks: {
      names: [`${images.webhooks}:${version}`],
      files: { '/keda-admission-webhooks': path.join(folder, 'webhooks') },
      user,
    },
  });
  return { archives, manifests: folder };
}
