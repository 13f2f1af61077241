// The body of an inference by the Open Inference Protocol: JSON with the tensors behind it in binary, or all of it JSON.
import { concatenate } from './concatenate.ts';
import type { InferParameters } from './infer.ts';
import { encodeTensor, jsonOf, type TensorInput } from './tensor.ts';

export const HEADER_LENGTH = 'Inference-Header-Content-Length';

export interface InferRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws ConfigurationError for a tensor whose elements are not as many as its shape says */
export function writeBinary({ inputs, outputs, id }: InferParameters): InferRequest {
  const tensors = Object.entries(inputs).map(([name, tensor]) => ({
    name,
    ...encodeTensor(name, tensor),
  }));
  const json = new TextEncoder().encode(
    JSON.stringify({
      ...(id !== undefined && { id }),
      parameters: { binary_data_output: true },
      inputs: tensors.map(({ bytes, ...head }) => ({
        ...head,
        parameters: { binary_data_size: bytes.byteLength },
      })),
      ...(outputs && { outputs: outputs.map((name) => ({ name })) }),
    }),
  );
  return {
    body: concatenate([json, ...tensors.map(({ bytes }) => bytes)]),
    headers: {
      'Content-Type': 'application/octet-stream',
      [HEADER_LENGTH]: String(json.byteLength),
    },
  };
}

/** @throws ConfigurationError for a tensor that is not as its shape says, or that JSON cannot carry */
export function writeJson({ inputs, outputs, id }: InferParameters): InferRequest {
  const head = {
    ...(id !== undefined && { id }),
    ...(outputs && { outputs: outputs.map((name) => ({ name })) }),
  };
  const tensors = Object.entries(inputs).map(([name, tensor]) => tensorJson(name, tensor));
  // Put together by hand: JSON.stringify has no form for 64-bit integers.
  const rest = JSON.stringify(head).slice(1, -1);
  const text = `{"inputs":[${tensors.join(',')}]${rest && `,${rest}`}}`;
  return {
    body: new TextEncoder().encode(text),
    headers: { 'Content-Type': 'application/json' },
  };
}

function tensorJson(name: string, tensor: TensorInput): string {
  const { datatype, shape } = encodeTensor(name, tensor);
  const head = JSON.stringify({ name, datatype, shape });
  return `${head.slice(0, -1)},"data":${jsonOf(name, datatype, tensor.data)}}`;
}
