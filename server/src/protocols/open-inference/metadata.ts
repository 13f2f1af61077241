// What the server and its model are, in the words of the Open Inference Protocol and of Triton.

import type { Model } from '../../model/model.ts';
import { isFree, type TensorSpec } from '../../runtime/signature.ts';
import { protocolName, tritonName } from '../../tensor/protocol-names.ts';

const PLATFORM = 'onnxruntime_onnx'; // as Triton calls it

export function serverMetadata(version: string) {
  return {
    name: 'ml-api',
    version,
    extensions: ['binary_tensor_data', 'model_configuration', 'statistics', 'model_repository'],
  };
}

export function modelMetadata({ name, version, signature }: Model) {
  const tensor = (spec: TensorSpec) => ({
    name: spec.name,
    datatype: protocolName(spec.datatype),
    shape: sizes(spec.shape),
  });
  return {
    name,
    versions: [version],
    platform: PLATFORM,
    inputs: signature.inputs.map(tensor),
    outputs: signature.outputs.map(tensor),
  };
}

/** Triton leaves the dimension of rows out where there is one. */
export function modelConfig({ name, signature, rowMode }: Model, maxRows: number) {
  const hasRows = rowMode === 'many';
  const tensor = (spec: TensorSpec) => ({
    name: spec.name,
    data_type: tritonName(spec.datatype),
    dims: sizes(hasRows ? spec.shape.slice(1) : spec.shape),
  });
  return {
    name,
    platform: PLATFORM,
    backend: 'onnxruntime',
    max_batch_size: hasRows ? maxRows : 0,
    input: signature.inputs.map(tensor),
    output: signature.outputs.map(tensor),
  };
}

export function repositoryIndex({ name, version }: Model, ready: boolean) {
  return [{ name, version, state: ready ? 'READY' : 'UNAVAILABLE', reason: '' }];
}

function sizes(shape: TensorSpec['shape']): number[] {
  return shape.map((size) => (isFree(size) ? -1 : Number(size)));
}
