// The image of the model stores that the suites start as pods: their programs, and the models that they hold.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { writeArchive } from '../../cluster/build/oci-archive.ts';
import { provider } from '../../cluster/cluster.ts';
import { azuriteMain } from '../../sources/azurite.ts';
import { toolPath } from '../../tools/tool.ts';
import { modelFolder } from '../golden.ts';

export const storesImage = 'localhost/model-stores:2';

/** Where the models are in it: /stores/models/v1 and v2, and mlserver with v2 as MLServer takes it. */
export const MODELS = '/stores/models';

/** Where those of its programs are that are JavaScript. */
export const PROGRAMS = '/usr/local/lib/stores';

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
    await writeArchive(archive, {
      names: [storesImage],
      files: {
        ...models(),
        ...binaries(),
        ...(await nodePrograms(folder)),
        '/etc/registry.yaml': path.join(import.meta.dirname, 'registry.yaml'),
      },
      user: '65532:65532',
    });
    await provider().loadImage(archive);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function models(): Record<string, string> {
  const inFolder = (folder: string, from: string, files: readonly string[]) =>
    files.map((file) => [`${MODELS}/${folder}/${file}`, path.join(from, file)]);
  const iris = ['model.onnx', 'model.json', 'golden.json'];
  const mlserver = path.join(import.meta.dirname, '../mlserver');
  return Object.fromEntries([
    ...inFolder('v1', modelFolder('v1'), iris),
    ...inFolder('v2', modelFolder('v2'), iris),
    ...inFolder('mlserver', modelFolder('v2'), ['model.onnx']),
    ...inFolder('mlserver', mlserver, ['model-settings.json', 'onnx_runtime.py']),
  ]);
}

function binaries(): Record<string, string> {
  const names = ['rclone', 'registry', 'oras', 'fake-gcs-server'] as const;
  return Object.fromEntries(names.map((name) => [`/usr/local/bin/${name}`, toolPath(name)]));
}

/** Each is one file, for the Node of the predictor's image. */
async function nodePrograms(folder: string): Promise<Record<string, string>> {
  await build({
    entryPoints: {
      azurite: azuriteMain(),
      hub: path.join(import.meta.dirname, 'hub-program.ts'),
    },
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['pg-hstore'], // of a database that Azurite does not use
    logLevel: 'error',
  });
  return Object.fromEntries(
    ['azurite.js', 'hub.js'].map((file) => [`${PROGRAMS}/${file}`, path.join(folder, file)]),
  );
}
