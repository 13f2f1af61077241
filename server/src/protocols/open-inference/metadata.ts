// What the server and its model are, in the words of the Open Inference Protocol and of Triton.

import type { Model } from '../../model/model.ts';
import { isFree, type TensorSpec } from '../../runtime/signature.ts';
import type { Slot } from '../../serving/slot.ts';
import { protocolName, tritonName } from '../../tensor/protocol-names.ts';

const PLATFORM = 'onnxruntime_onnx'; // as Triton calls it

export function serverMetadata(version: string) {
  return {
    name: 'ml-api',
    version,
    extensions: ['binary_tensor_data', 'model_configuration', 'statistics', 'model_repository'],
  };
}

/** @param versions all that there are of it */
export function modelMetadata({ name, signature }: Model, versions: readonly string[]) {
  const tensor = (spec: TensorSpec) => ({
    name: spec.name,
    datatype: protocolName(spec.datatype),
    shape: sizes(spec.shape),
  });
  return {
    name,
    versions,
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

/** @param ready whether the server takes calls at all */
export function repositoryIndex(slots: readonly Slot[], ready: boolean) {
  return slots.map(({ name, version, served, reason = '' }) => ({
    name,
    version,
    state: ready && served !== undefined ? 'READY' : 'UNAVAILABLE',
    reason,
  }));
}

function sizes(shape: TensorSpec['shape']): number[] {
  return shape.map((size) => (isFree(size) ? -1 : Number(size)));
}
