// MLServer with a model of ours, as the benches of several protocols start it.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pythonFor } from '../../model/python.ts';
import { root, type Served } from './servers.ts';

const folder = path.join(root, 'test/e2e/mlserver');

/** The Python that has MLServer. */
export function mlserverPython(): string {
  return pythonFor(path.join(folder, 'requirements.txt'));
}

/**
 * One process without metrics and lines for each call, which is the fastest that it has on one core.
 * @param work a folder of its own
 * @param modelFile an ONNX file
 * @param name what calls name the model by
 */
export function mlserver(work: string, modelFile: string, name: string): Served {
  copyFileSync(modelFile, path.join(work, 'model.onnx'));
  copyFileSync(path.join(folder, 'onnx_runtime.py'), path.join(work, 'onnx_runtime.py'));
  const settings = JSON.parse(readFileSync(path.join(folder, 'model-settings.json'), 'utf8'));
  writeFileSync(path.join(work, 'model-settings.json'), JSON.stringify({ ...settings, name }));
  return {
    peer: {
      name: 'MLServer',
      predicts: true,
      command: [path.join(path.dirname(mlserverPython()), 'mlserver'), 'start', work],
      readiness: '/v2/health/ready',
    },
    env: {
      MODEL_DIR: work,
      MLSERVER_HTTP_PORT: '$PORT',
      MLSERVER_HOST: '127.0.0.1',
      MLSERVER_GRPC_PORT: '$GRPC_PORT',
      MLSERVER_METRICS_ENDPOINT: '',
      MLSERVER_PARALLEL_WORKERS: '0',
      MLSERVER_DEBUG: 'false',
      ORT_DISABLE_TELEMETRY: '1',
    },
  };
}
