// The body of an inference request to the work that the model does.
import type { InferenceInput, InferenceRequest } from '../../model/contract/inference-request.ts';
import type { ValidateInference } from '../../model/contract/validator.ts';
import { workOf } from '../../model/inputs.ts';
import type { Model } from '../../model/model.ts';
import type { TensorSpec } from '../../runtime/signature.ts';
import { isFree } from '../../runtime/signature.ts';
import { type Tensor, tensorsByName } from '../../tensor/tensor.ts';
import type { Work } from '../../tensor/work.ts';
import { quote } from '../../util/quote.ts';
import { parseJson } from '../http/json.ts';
import { ProblemException } from '../http/problem.ts';
import { elementBytes, fromBinary, textOf } from './binary.ts';
import { fromJson } from './from-json.ts';
import {
  attempt,
  type InputSpecs,
  inputSpecs,
  limited,
  refusal,
  requireAll,
  showShape,
  specFor,
  tensorFor,
  wantedOutputs,
} from './tensors.ts';

/** What is to be done, and how it is to be answered. */
export interface Inference {
  readonly id: string | undefined;
  readonly work: Work;
  readonly outputs: readonly { readonly name: string; readonly binary: boolean }[];
}

/** What a request's headers say of its body. */
export interface BodyHeaders {
  /** Its Inference-Header-Content-Length. */
  readonly headerLength: string | undefined;
  readonly contentType: string | undefined;
}

export type InferenceReader = (body: Buffer, headers: BodyHeaders) => Inference;

/**
 * @param validate of the contract
 * @returns a function that throws a ProblemException, a RequestError or an InputError naming what is wrong
 */
export function inferenceReader(
  model: Model,
  maxRows: number,
  validate: ValidateInference,
): InferenceReader {
  const specs = inputSpecs(model);
  return (body, headers) => {
    const jsonBytes = jsonLength(body, headers);
    if (jsonBytes === 0) {
      const feeds = tensorsByName();
      feeds[model.signature.inputs[0]?.name ?? ''] = wholeBody(body, model);
      return {
        id: undefined,
        work: limited(workOf(model, feeds), maxRows),
        outputs: allOutputs(model, false),
      };
    }
    const { request, misfit } = validate(parseJson(body.subarray(0, jsonBytes)));
    const feeds = readInputs(request.inputs, body.subarray(jsonBytes), specs);
    const inference = {
      id: request.id,
      work: limited(workOf(model, feeds), maxRows),
      outputs: outputsOf(request, model),
    };
    if (misfit !== undefined) throw misfit; // what is not explained better above
    return inference;
  };
}

function jsonLength(body: Buffer, { headerLength: header, contentType }: BodyHeaders): number {
  if (body.length === 0)
    throw new ProblemException(
      'empty-body',
      'There is no body. Send a JSON object such as {"inputs": […]}.',
    );
  if (header === undefined) return body.length;
  const length = /^\d+$/.test(header) ? Number(header) : Number.NaN;
  if (length === 0 && contentType !== undefined && /^application\/json\s*(;|$)/i.test(contentType))
    throw refusal(
      'Inference-Header-Content-Length is 0, so nothing of the body is JSON, but Content-Type is "application/json": expected "application/octet-stream" for a body that is the only input, or no such header',
    );
  if (length <= body.length) return length;
  throw refusal(
    `Inference-Header-Content-Length is ${quote(header)}: expected a whole number up to the body's ${body.length} bytes`,
  );
}

function readInputs(
  inputs: readonly InferenceInput[],
  binary: Buffer,
  specs: InputSpecs,
): Record<string, Tensor> {
  const feeds = tensorsByName();
  let at = 0;
  for (const input of inputs) {
    const { name, parameters = {} } = input;
    const spec = specFor({ name, parameters }, specs, feeds);
    const size = parameters.binary_data_size;
    if (size !== undefined && at + size > binary.length)
      throw refusal(
        `input ${quote(name)}: expected ${size} bytes of binary data, and ${binary.length - at} are left in the body`,
      );
    const bytes = size === undefined ? undefined : binary.subarray(at, at + size);
    at += size ?? 0;
    feeds[name] = readTensor(input, spec, bytes);
  }
  if (at < binary.length)
    throw refusal(
      `${binary.length - at} bytes follow the binary data of the inputs; "binary_data_size" of each must say its bytes`,
    );
  requireAll(specs, feeds);
  return feeds;
}

function readTensor(input: InferenceInput, spec: TensorSpec, bytes: Buffer | undefined): Tensor {
  const { shape, data } = input;
  return tensorFor(input, spec, (length) => {
    if ((bytes === undefined) === (data === undefined))
      throw new TypeError(
        `expected either "data" or "parameters": {"binary_data_size": …}, got ${data === undefined ? 'neither' : 'both'}`,
      );
    return bytes
      ? fromBinary(bytes, spec.datatype, length)
      : fromJson(data ?? [], spec.datatype, length, shape.length);
  });
}

/** The body of a request without JSON: all of it is the model's only input. */
function wholeBody(body: Buffer, model: Model): Tensor {
  const [spec, second] = model.signature.inputs;
  const free = spec?.shape.filter(isFree).length ?? 0;
  if (spec === undefined || second !== undefined || free > 1)
    throw refusal(
      `Inference-Header-Content-Length is 0, for which a model needs one input with at most one free size; this one takes ${model.signature.inputs.map((one) => `${quote(one.name)} ${showShape(one)}`).join(', ')}. Send the JSON, too`,
    );
  const { datatype } = spec;
  const width = elementBytes(datatype);
  const fixed = spec.shape.reduce<number>(
    (product, size) => product * (isFree(size) ? 1 : Number(size)),
    1,
  );
  // A text without its length is one element.
  const size = width === undefined ? 1 : body.length / (fixed * width);
  if (!Number.isInteger(size) || size < 1 || (free === 0 && size !== 1))
    throw refusal(
      `input ${quote(spec.name)}: expected ${free === 0 ? '' : 'a multiple of '}${fixed * (width ?? 1)} bytes for the shape ${showShape(spec)}, got ${body.length}`,
    );
  const dims = spec.shape.map((one) => (isFree(one) ? size : Number(one)));
  const read = () =>
    width === undefined ? [textOf(body)] : fromBinary(body, datatype, fixed * size);
  return { datatype, dims, data: attempt(spec.name, read) };
}

function outputsOf(request: InferenceRequest, model: Model): Inference['outputs'] {
  const binary = request.parameters?.binary_data_output ?? false;
  const { outputs = [] } = request;
  if (outputs.length === 0) return allOutputs(model, binary);
  return wantedOutputs(outputs, model, ({ name, parameters }) => ({
    name,
    binary: parameters?.binary_data ?? binary,
  }));
}

function allOutputs(model: Model, binary: boolean): Inference['outputs'] {
  return model.signature.outputs.map(({ name }) => ({ name, binary }));
}
