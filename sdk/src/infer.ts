// Inference by the Open Inference Protocol: for any server that speaks it, ours, Triton or MLServer. With tensors in binary
// where the server takes them so.
import type { CallConfig } from './call-config.ts';
import { invalidResponse } from './errors.ts';
import type { Client } from './generated/client/index.js';
import type { InferenceResponse } from './generated/types.gen.js';
import { HEADER_LENGTH, writeBinary, writeJson } from './infer-request.ts';
import { hasLongInteger, parseKeepingDigits } from './long-integers.ts';
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

/** @throws ConfigurationError for a tensor that cannot be sent; InvalidResponseError for one that cannot be read */
export async function infer(
  client: Client,
  parameters: InferParameters,
  binary: boolean,
  call: CallConfig,
): Promise<Inference> {
  const { model, modelVersion } = parameters;
  const { body, headers } = binary ? writeBinary(parameters) : writeJson(parameters);
  const { data, request, response } = await client.post<ArrayBuffer, unknown, true>({
    url: `/v2/models/{model}${modelVersion === undefined ? '' : '/versions/{version}'}/infer`,
    path: { model, version: modelVersion },
    body,
    bodySerializer: null, // bytes already
    parseAs: 'arrayBuffer',
    throwOnError: true,
    ...call,
    headers: { ...call.headers, ...headers },
  });
  const answered = new Uint8Array(data);
  const headerLength = response.headers.get(HEADER_LENGTH);
  const jsonEnd = headerLength === null ? answered.byteLength : Number(headerLength);
  const { outputs, ...answer } = parse(new TextDecoder().decode(answered.subarray(0, jsonEnd)));
  const tensors: [name: string, tensor: Tensor][] = [];
  let at = jsonEnd;
  for (const { name, datatype, shape, parameters, data = [] } of outputs) {
    const size = parameters?.['binary_data_size'];
    const content = typeof size === 'number' ? answered.subarray(at, at + size) : data;
    at += typeof size === 'number' ? size : 0;
    try {
      tensors.push([name, decodeTensor(datatype, shape, content)]);
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      throw invalidResponse(request.url, response, `whose output "${name}" cannot be read: ${why}`);
    }
  }
  return {
    model: answer.model_name,
    modelVersion: answer.model_version,
    id: answer.id,
    outputs: Object.fromEntries(tensors),
  };
}

/** An inference in which 64-bit integers have all their digits: as text where a number would be rounded. */
function parse(json: string): InferenceResponse {
  const answer: InferenceResponse = JSON.parse(json);
  const isRounded = answer.outputs.some(
    ({ datatype, data }) => (datatype === 'INT64' || datatype === 'UINT64') && hasLongInteger(data),
  );
  // Only then, since it takes a pass over the text.
  return isRounded ? (parseKeepingDigits(json) as InferenceResponse) : answer;
}
