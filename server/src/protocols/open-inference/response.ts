// The outputs of a run to the body of an inference response.

import type { Model } from '../../model/model.ts';
import { protocolName } from '../../tensor/protocol-names.ts';
import { elementsToJson } from '../../tensor/to-json.ts';
import type { Outputs } from '../../tensor/work.ts';
import { toBinary } from './binary.ts';
import type { Inference } from './request.ts';

export interface InferenceResponse {
  readonly body: string | Buffer;
  /** Bytes of JSON before the binary tensors; undefined where there is no binary one. */
  readonly headerLength: number | undefined;
}

/** @throws NonFiniteOutputError when an output that is wanted as JSON is NaN or infinite */
export function writeInference(
  model: Model,
  inference: Inference,
  outputs: Outputs,
): InferenceResponse {
  const binaries: Buffer[] = [];
  const written = inference.outputs.map(({ name, binary }) => {
    const tensor = outputs.get(name);
    const head = { name, datatype: protocolName(tensor.datatype), shape: tensor.dims };
    if (binary) {
      const bytes = toBinary(tensor);
      binaries.push(bytes);
      return { ...head, parameters: { binary_data_size: bytes.length } };
    }
    const data = elementsToJson(tensor, name);
    return { ...head, data };
  });
  const json = JSON.stringify({
    model_name: model.name,
    model_version: model.version,
    ...(inference.id !== undefined && { id: inference.id }),
    outputs: written,
  });
  if (!inference.outputs.some(({ binary }) => binary))
    return { body: json, headerLength: undefined };
  const head = Buffer.from(json);
  return { body: Buffer.concat([head, ...binaries]), headerLength: head.length };
}
