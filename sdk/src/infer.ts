// Inference by the Open Inference Protocol with binary tensors: for any server that speaks it, ours, Triton or MLServer.
import type { Client } from './generated/client/index.js';
import type { InferenceDatatype, InferenceResponse } from './generated/types.gen.js';
import {
  concatenate,
  decodeTensor,
  encodeTensor,
  type Tensor,
  type TensorInput,
} from './tensor.ts';

const HEADER_LENGTH = 'Inference-Header-Content-Length';

/** What is asked of a model. */
export interface InferParameters {
  /** The model's name at the server. */
  readonly model: string;
  /** The model's version, in the protocol's sense; without it, the server chooses. */
  readonly modelVersion?: string | undefined;
  /** The input tensors by name. */
  readonly inputs: Readonly<Record<string, TensorInput>>;
  /** Names of the outputs that are wanted. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Comes back in the answer. */
  readonly id?: string | undefined;
}

/** What the model gave. */
export interface Inference {
  readonly model: string;
  readonly modelVersion: string | undefined;
  readonly id: string | undefined;
  /** The output tensors by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** @throws ConfigurationError for a tensor whose elements are not as many as its shape says */
export async function infer(
  client: Client,
  parameters: InferParameters,
  call: { readonly signal?: AbortSignal; readonly headers: Readonly<Record<string, string>> },
): Promise<Inference> {
  const { model, modelVersion } = parameters;
  const { body, headerLength } = writeRequest(parameters);
  const { data, response } = await client.post<ArrayBuffer, unknown, true>({
    url: `/v2/models/{model}${modelVersion === undefined ? '' : '/versions/{version}'}/infer`,
    path: { model, version: modelVersion },
    body,
    bodySerializer: null, // bytes already
    parseAs: 'arrayBuffer',
    throwOnError: true,
    ...call,
    headers: {
      ...call.headers,
      'Content-Type': 'application/octet-stream',
      [HEADER_LENGTH]: String(headerLength),
    },
  });
  return readAnswer(new Uint8Array(data), response.headers.get(HEADER_LENGTH));
}

function writeRequest({ inputs, outputs, id }: InferParameters) {
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
    headerLength: json.byteLength,
  };
}

/** @param headerLength of an answer with binary tensors; null where all of it is JSON */
function readAnswer(body: Uint8Array, headerLength: string | null): Inference {
  const jsonEnd = headerLength === null ? body.byteLength : Number(headerLength);
  const json: InferenceResponse = JSON.parse(new TextDecoder().decode(body.subarray(0, jsonEnd)));
  const outputs: Record<string, Tensor> = {};
  let at = jsonEnd;
  for (const { name, datatype, shape, parameters, data } of json.outputs) {
    const size = parameters?.['binary_data_size'];
    const content = typeof size === 'number' ? body.subarray(at, at + size) : (data ?? []);
    at += typeof size === 'number' ? size : 0;
    outputs[name] = decodeTensor(datatype satisfies InferenceDatatype, shape, content);
  }
  return { model: json.model_name, modelVersion: json.model_version, id: json.id, outputs };
}
