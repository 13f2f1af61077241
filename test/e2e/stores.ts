// Model stores as pods: S3 as rclone speaks it, with the iris models in a bucket, and the CNCF's registry, to which `oras` pushes.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeArchive } from '../cluster/build/oci-archive.ts';
import { provider } from '../cluster/cluster.ts';
import { toolPath } from '../tools/tool.ts';
import { modelFolder } from './golden.ts';
import type { Namespace } from './namespace.ts';
import { startPod } from './pod.ts';

const image = 'localhost/model-stores:1';

/** What rclone lets in. */
export const s3Login = {
  AWS_ACCESS_KEY_ID: 'AKIATESTACCESSKEY1',
  AWS_SECRET_ACCESS_KEY: 'a-secret-of-enough-letters',
};

/** How a release reaches it, with keys in its values, as nobody should have them. */
export const s3Access = { env: { AWS_ENDPOINT_URL_S3: 'http://s3:9000', ...s3Login } };

let loading: Promise<void> | undefined;

/** Puts the stores' image onto the node, once for a suite. */
export function loadStores(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'model-stores-'));
  try {
    const archive = path.join(folder, 'stores.tar');
    const models = (['v1', 'v2'] as const).flatMap((version) =>
      ['model.onnx', 'model.json', 'golden.json'].map((file) => [
        `/stores/models/${version}/${file}`,
        path.join(modelFolder(version), file),
      ]),
    );
    const forMlserver = [
      ['/stores/models/mlserver/model.onnx', path.join(modelFolder('v2'), 'model.onnx')],
      ...['model-settings.json', 'onnx_runtime.py'].map((file) => [
        `/stores/models/mlserver/${file}`,
        path.join(import.meta.dirname, 'mlserver', file),
      ]),
    ];
    const programs = (['rclone', 'registry', 'oras'] as const).map((name) => [
      `/usr/local/bin/${name}`,
      toolPath(name),
    ]);
    await writeArchive(archive, {
      names: [image],
      files: {
        ...Object.fromEntries([...models, ...forMlserver, ...programs]),
        '/etc/registry.yaml': path.join(import.meta.dirname, 'registry.yaml'),
      },
      user: '65532:65532',
    });
    await provider().loadImage(archive);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** S3 at http://s3:9000, with the bucket `models`: the folders v1 and v2, and mlserver with v2 as MLServer takes it. */
export function startS3(namespace: Namespace): Promise<void> {
  const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret } = s3Login;
  const args = ['serve', 's3', '--addr', ':9000', '--auth-key', `${key},${secret}`, '/stores'];
  return startStore(namespace, 's3', 9000, ['rclone', ...args]);
}

/** A registry at registry:5000, without TLS and empty. */
export function startRegistry(namespace: Namespace): Promise<void> {
  return startStore(namespace, 'registry', 5000, ['registry', 'serve', '/etc/registry.yaml']);
}

/** Runs `oras` in the registry's pod, where the folders v1 and v2 are, and gives what it printed. */
export function oras(namespace: Namespace, ...args: readonly string[]): Promise<string> {
  return namespace.kubectl(['exec', 'registry', '--', 'oras', ...args, '--plain-http']);
}

function startStore(
  namespace: Namespace,
  name: string,
  port: number,
  command: readonly string[],
): Promise<void> {
  const container = {
    image,
    command,
    workingDir: '/stores/models',
    env: [
      { name: 'HOME', value: '/tmp' },
      { name: 'OTEL_TRACES_EXPORTER', value: 'none' },
    ],
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
  return startPod(namespace, { name, port, container, volumes: [{ name: 'tmp', emptyDir: {} }] });
}
