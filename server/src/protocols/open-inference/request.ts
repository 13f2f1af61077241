// The body of an inference request to the work that the model does.
import type { InferenceInput, InferenceRequest } from '../../model/contract/inference-request.ts';
import type { ValidateInference } from '../../model/contract/validator.ts';
import { workOf } from '../../model/inputs.ts';
import type { Model } from '../../model/model.ts';
import type { TensorSpec } from '../../runtime/signature.ts';
import { isFree } from '../../runtime/signature.ts';
import type { TensorData } from '../../tensor/datatype.ts';
import { protocolName } from '../../tensor/protocol-names.ts';
import { type Tensor, tensorsByName } from '../../tensor/tensor.ts';
import type { Work } from '../../tensor/work.ts';
import { quote } from '../../util/quote.ts';
import { parseJson } from '../http/json.ts';
import { ProblemException } from '../http/problem.ts';
import { elementBytes, fromBinary, textOf } from './binary.ts';
import { fromJson } from './from-json.ts';

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
 * @returns a function that throws a ProblemException or an InputError naming what is wrong
 */
export function inferenceReader(
  model: Model,
  maxRows: number,
  validate: ValidateInference,
): InferenceReader {
  const specs = new Map(model.signature.inputs.map((spec) => [spec.name, spec]));
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
      outputs: wantedOutputs(request, model),
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
  specs: ReadonlyMap<string, TensorSpec>,
): Record<string, Tensor> {
  const feeds = tensorsByName();
  let at = 0;
  for (const input of inputs) {
    const { name, parameters = {} } = input;
    const spec = specs.get(name);
    if (spec === undefined)
      throw refusal(
        `there is no input ${quote(name)}; the model takes ${[...specs.keys()].map(quote).join(', ')}`,
      );
    if (name in feeds) throw refusal(`input ${quote(name)} is given twice`);
    if ('shared_memory_region' in parameters)
      throw refusal(
        `input ${quote(name)}: shared memory is not supported; send the data in the body`,
      );
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
  for (const name of specs.keys())
    if (!(name in feeds)) throw refusal(`input ${quote(name)} is missing`);
  return feeds;
}

function readTensor(input: InferenceInput, spec: TensorSpec, bytes: Buffer | undefined): Tensor {
  const { name, shape, datatype, data } = input;
  const expected = protocolName(spec.datatype);
  if (datatype !== expected)
    throw refusal(`input ${quote(name)}: expected the datatype ${expected}, got ${datatype}`);
  if (!fits(shape, spec.shape))
    throw refusal(
      `input ${quote(name)}: expected the shape ${showShape(spec)}, got ${shape.length > spec.shape.length ? `${shape.length} sizes` : JSON.stringify(shape)}`,
    );
  if ((bytes === undefined) === (data === undefined))
    throw refusal(
      `input ${quote(name)}: expected either "data" or "parameters": {"binary_data_size": …}, got ${data === undefined ? 'neither' : 'both'}`,
    );
  const length = shape.reduce((product, size) => product * size, 1);
  const read = (): TensorData =>
    bytes
      ? fromBinary(bytes, spec.datatype, length)
      : fromJson(data ?? [], spec.datatype, length, shape.length);
  return { datatype: spec.datatype, dims: shape, data: attempt(name, read) };
}

/** A free size may be anything but 0: no model is asked to run on nothing. */
function fits(shape: readonly number[], expected: TensorSpec['shape']): boolean {
  return (
    shape.length === expected.length &&
    shape.every((size, axis) => (isFree(expected[axis]) ? size > 0 : size === expected[axis]))
  );
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

function wantedOutputs(request: InferenceRequest, model: Model): Inference['outputs'] {
  const binary = request.parameters?.binary_data_output ?? false;
  if (request.outputs === undefined || request.outputs.length === 0)
    return allOutputs(model, binary);
  const known = new Set(model.signature.outputs.map(({ name }) => name));
  const wanted = new Set<string>();
  return request.outputs.map(({ name, parameters = {} }) => {
    // A response that repeats a tensor could be of any size.
    if (wanted.has(name)) throw refusal(`output ${quote(name)} is asked for twice`);
    wanted.add(name);
    if (!known.has(name))
      throw refusal(
        `there is no output ${quote(name)}; the model gives ${[...known].map(quote).join(', ')}`,
      );
    for (const extension of ['classification', 'shared_memory_region'])
      if (extension in parameters)
        throw refusal(
          `output ${quote(name)}: the parameter "${extension}" is not supported; ask for the tensor`,
        );
    return { name, binary: parameters.binary_data ?? binary };
  });
}

function allOutputs(model: Model, binary: boolean): Inference['outputs'] {
  return model.signature.outputs.map(({ name }) => ({ name, binary }));
}

function limited(work: Work, maxRows: number): Work {
  if (work.rows > maxRows)
    throw refusal(
      `expected at most ${maxRows} rows, got ${work.rows}: send them in several requests`,
    );
  return work;
}

function attempt(name: string, read: () => TensorData): TensorData {
  try {
    return read();
  } catch (error) {
    throw refusal(`input ${quote(name)}: ${error instanceof Error ? error.message : error}`);
  }
}

function refusal(sentence: string): ProblemException {
  return new ProblemException('invalid-input', sentence);
}

function showShape({ shape }: TensorSpec): string {
  return JSON.stringify(shape.map((size) => (isFree(size) ? -1 : size)));
}
