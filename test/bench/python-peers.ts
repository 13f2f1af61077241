// Products of others that PyPI has, each as its documentation serves a model that is not of its own kinds, with iris on one core.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pythonFor } from '../../model/python.ts';
import { mlserver, mlserverPython } from './mlserver.ts';
import { irisInfer, irisPredict, type Post } from './requests.ts';
import { root, type Served } from './servers.ts';

const folder = path.join(import.meta.dirname, 'peers');
const iris = path.join(root, 'model/v1/model.onnx');
/** None tells its makers that it was started. */
const quiet = {
  ORT_DISABLE_TELEMETRY: '1',
  BENTOML_DO_NOT_TRACK: 'true',
  RAY_USAGE_STATS_ENABLED: '0',
};

export interface Product extends Served {
  readonly post: Post;
}

/** One process without lines for each call, which is the fastest that it has on one core. */
export function kserve(): Product {
  const python = pythonFor(path.join(folder, 'kserve/requirements.txt'));
  const options = {
    model_name: 'iris',
    model_file: iris,
    http_port: '$PORT',
    grpc_port: '$GRPC_PORT',
    enable_latency_logging: 'false',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return {
    peer: {
      name: `KServe ${versionOf(python, 'kserve')}`,
      predicts: true,
      command: [python, path.join(folder, 'kserve/onnx_model.py'), ...args],
      readiness: '/v2/health/ready',
    },
    env: { ...quiet, MODEL_DIR: folder, KSERVE_LOGLEVEL: 'WARNING' },
    post: irisInfer,
  };
}

/** @param work a folder of its own */
export function irisByMlserver(work: string): Product {
  const { peer, env } = mlserver(work, iris, 'iris');
  const version = versionOf(mlserverPython(), 'mlserver');
  return { peer: { ...peer, name: `${peer.name} ${version}` }, env, post: irisInfer };
}

export function bentoml(): Product {
  const python = pythonFor(path.join(folder, 'bentoml/requirements.txt'));
  const program = path.join(path.dirname(python), 'bentoml');
  const service = ['serve', 'service:Iris', '--working-dir', path.join(folder, 'bentoml')];
  return {
    peer: {
      name: `BentoML ${versionOf(python, 'bentoml')}`,
      predicts: true,
      command: [program, ...service, '--host', '127.0.0.1', '--port', '$PORT'],
    },
    env: quiet,
    post: irisPredict,
  };
}

export function litserve(): Product {
  const python = pythonFor(path.join(folder, 'litserve/requirements.txt'));
  return {
    peer: {
      name: `LitServe ${versionOf(python, 'litserve')}`,
      predicts: true,
      command: [python, path.join(folder, 'litserve/serve.py'), '$PORT'],
      stopSignal: 'SIGINT', // SIGTERM ends its first process alone
    },
    env: quiet,
    post: irisPredict,
  };
}

/** @param work a folder of its own */
export function rayServe(work: string): Product {
  const python = pythonFor(path.join(folder, 'ray/requirements.txt'));
  return {
    peer: {
      name: `Ray Serve ${versionOf(python, 'ray')}`,
      predicts: true,
      command: [python, path.join(folder, 'ray/serve.py'), '$PORT', work],
    },
    env: { ...quiet, HOME: work },
    post: irisPredict,
  };
}

/** Triton, as PyTriton brings it. */
export function triton(): Product {
  const python = pythonFor(path.join(folder, 'triton/requirements.txt'));
  return {
    peer: {
      name: `Triton, by PyTriton ${versionOf(python, 'nvidia-pytriton')}`,
      predicts: true,
      command: [python, path.join(folder, 'triton/serve.py'), '$PORT', '$GRPC_PORT'],
      readiness: '/v2/models/iris/ready',
      stopSignal: 'SIGINT', // SIGTERM ends its first process alone
    },
    env: { ...quiet, MODEL_DIR: folder },
    post: irisInfer,
  };
}

function versionOf(python: string, name: string): string {
  const program = `from importlib.metadata import version; print(version("${name}"))`;
  return execFileSync(python, ['-c', program], { encoding: 'utf8' }).trim();
}
