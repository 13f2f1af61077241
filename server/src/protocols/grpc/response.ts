// The outputs of a run to the message ModelInferResponse.
import type { Model } from '../../model/model.ts';
import { protocolName } from '../../tensor/protocol-names.ts';
import type { Outputs } from '../../tensor/work.ts';
import { toBinary } from '../open-inference/binary.ts';
import { toContents } from './contents.ts';
import type { Codec } from './protos.ts';
import type { Inference } from './request.ts';

export function writeResponse(
  codec: Codec,
  model: Model,
  { id, isRaw, outputs: wanted }: Inference,
  outputs: Outputs,
): Buffer {
  const raw: Buffer[] = [];
  const tensors = wanted.map((name) => {
    const tensor = outputs.get(name);
    const head = { name, datatype: protocolName(tensor.datatype), shape: tensor.dims };
    if (!isRaw) return { ...head, contents: toContents(tensor) };
    raw.push(toBinary(tensor));
    return head;
  });
  return codec.encodeAsIs({
    model_name: model.name,
    model_version: model.version,
    id,
    outputs: tensors,
    raw_output_contents: raw,
  });
}
