// MLflow's own server as a pod, with its artifact proxy and basic authentication, and the models of the tests in its registry.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { provider } from '../cluster/cluster.ts';
import { askMlflow, authenticationIn, mlflowLogin } from '../sources/mlflow/access.ts';
import { modelFolder } from './golden.ts';
import { mlserver, mlserverArchive } from './mlserver/images.ts';
import type { Namespace } from './namespace.ts';
import { startPod } from './pod.ts';

const folder = path.resolve(import.meta.dirname, '../sources/mlflow');
const address = 'http://localhost:5000';

/**
 * Starts it at http://mlflow:5000 with the registered models `iris`, of which the versions 1 and 2 are ours and the
 * alias `champion` is the first, and `not onnx`, which gives width + 2 * depth.
 */
export async function startMlflow(namespace: Namespace): Promise<void> {
  await provider().loadImage(await mlserverArchive((line) => console.error(line)));
  const models = (['v1', 'v2'] as const).map((version) => [
    version,
    readFileSync(path.join(modelFolder(version), 'model.onnx')).toString('base64'),
  ]);
  await namespace.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'mlflow' },
    data: {
      'auth.ini': authenticationIn('/tmp'),
      'log_models.py': readFileSync(path.join(folder, 'log_models.py'), 'utf8'),
    },
    binaryData: Object.fromEntries(models),
  });
  const files = models.map(([version]) => ({ key: version, path: `${version}/model.onnx` }));
  await startPod(namespace, {
    name: 'mlflow',
    port: 5000,
    container: {
      image: `${mlserver.repository}:${mlserver.tag}`,
      command: ['python3', '-m', 'mlflow', 'server', '--app-name=basic-auth', '--workers=1'],
      args: [
        ...['--host=0.0.0.0', '--port=5000', '--allowed-hosts=mlflow:*,localhost:*,10.*'],
        ...['--backend-store-uri=sqlite:////tmp/mlflow.db', '--artifacts-destination=/tmp/files'],
      ],
      workingDir: '/tmp',
      env: Object.entries({
        HOME: '/tmp',
        MLFLOW_AUTH_CONFIG_PATH: '/etc/mlflow/auth.ini',
        MLFLOW_FLASK_SERVER_SECRET_KEY: 'a secret key',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
        GIT_PYTHON_REFRESH: 'quiet',
        ORT_DISABLE_TELEMETRY: '1',
        ...mlflowLogin, // for the programs that are run in the pod
      }).map(([name, value]) => ({ name, value })),
      volumeMounts: [
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'mlflow', mountPath: '/etc/mlflow' },
      ],
    },
    volumes: [
      { name: 'tmp', emptyDir: {} },
      {
        name: 'mlflow',
        configMap: {
          name: 'mlflow',
          items: [...['auth.ini', 'log_models.py'].map((key) => ({ key, path: key })), ...files],
        },
      },
    ],
  });
  const log = ['python3', '/etc/mlflow/log_models.py', address, '/etc/mlflow'];
  await namespace.kubectl(['exec', 'mlflow', '--', ...log]);
}

/** Moves an alias of a registered model, as people do it when they promote a version. */
export async function moveAlias(
  namespace: Namespace,
  name: string,
  alias: string,
  version: string,
): Promise<void> {
  const url = `${await namespace.serviceUrl('mlflow')}:5000`;
  await askMlflow(url, 'POST', 'registered-models/alias', { name, alias, version });
}
