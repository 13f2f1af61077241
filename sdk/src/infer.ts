// Inference by the Open Inference Protocol: for any server that speaks it, ours, Triton or MLServer. With tensors in binary
// where the server takes them so.
import type { CallConfig } from './call-config.ts';
import { ConfigurationError, invalidResponse } from './errors.ts';
import type { Client } from './generated/client/index.js';
import { HEADER_LENGTH, writeBinary, writeJson } from './infer-request.ts';
import { readInference } from './infer-response.ts';
import type { Tensor, TensorInput } from './tensor.ts';

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
  /** Comes back in the response. */
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
  if (!model) throw new ConfigurationError('model', "expected a model's name");
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
  try {
    return readInference(new Uint8Array(data), response.headers.get(HEADER_LENGTH));
  } catch (error) {
    const problem = error instanceof Error ? error.message : error;
    throw invalidResponse(request.url, response, `whose ${problem}`);
  }
}
