// Inference by the Open Inference Protocol: for any server that speaks it, ours, Triton or MLServer. With tensors in binary
// where the server takes them so.
import type { CallConfig } from './call-config.ts';
import type { Client } from './generated/client/index.js';
import type { InferenceDatatype, InferenceResponse } from './generated/types.gen.js';
import { HEADER_LENGTH, writeBinary, writeJson } from './infer-request.ts';
import { decodeTensor, type Tensor, type TensorInput } from './tensor.ts';

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

/** @throws ConfigurationError for a tensor that cannot be sent */
export async function infer(
  client: Client,
  parameters: InferParameters,
  binary: boolean,
  call: CallConfig,
): Promise<Inference> {
  const { model, modelVersion } = parameters;
  const { body, headers } = binary ? writeBinary(parameters) : writeJson(parameters);
  const { data, response } = await client.post<ArrayBuffer, unknown, true>({
    url: `/v2/models/{model}${modelVersion === undefined ? '' : '/versions/{version}'}/infer`,
    path: { model, version: modelVersion },
    body,
    bodySerializer: null, // bytes already
    parseAs: 'arrayBuffer',
    throwOnError: true,
    ...call,
    headers: { ...call.headers, ...headers },
  });
  return readAnswer(new Uint8Array(data), response.headers.get(HEADER_LENGTH));
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
