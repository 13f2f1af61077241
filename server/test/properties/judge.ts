// Judges a response: whether it has exactly what the reference gives, or is an error of the documented form.

import type { Model } from '../../src/model/model.ts';
import { isFloat } from '../../src/tensor/datatype.ts';
import { protocolName } from '../../src/tensor/protocol-names.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { member, parse } from './json.ts';
import type { NamedTensors } from './reference.ts';
import type { Route } from './requests.ts';
import type { WireResponse } from './serve.ts';

/** @throws Error unless the response is an error of the form that its route documents, with one of the statuses */
export function expectRefusal(
  route: Route,
  response: WireResponse,
  isRight: (status: number) => boolean,
): void {
  const { status, headers, body } = response;
  const text = body.toString();
  const json = parse(text);
  if (!isRight(status)) throw wrong(response, 'an error of another status');
  const type = String(headers['content-type']).split(';')[0];
  if (route === 'predict') {
    if (type !== 'application/problem+json' || member(json, 'status') !== status)
      throw wrong(response, 'a problem of RFC 9457');
    for (const field of ['type', 'title', 'detail', 'requestId'])
      if (typeof member(json, field) !== 'string')
        throw wrong(response, `a problem with "${field}"`);
    return;
  }
  const keys = typeof json === 'object' && json !== null ? Object.keys(json) : [];
  if (
    type !== 'application/json' ||
    keys.join() !== 'error' ||
    typeof member(json, 'error') !== 'string'
  )
    throw wrong(response, '{"error": …} of the Open Inference Protocol');
}

/** @throws Error unless the response has these outputs, bit for bit, or the documented error where JSON cannot carry them */
export function expectOutputs(
  route: Route,
  response: WireResponse,
  expected: NamedTensors,
  model: Model,
): void {
  if (response.status !== 200) {
    // Where a number that is wanted as JSON is none.
    if (response.status !== 500 || ![...expected.values()].some(hasNoJson))
      throw wrong(response, `200 with ${show(expected)}`);
    expectRefusal(route, response, (status) => status === 500);
  } else if (route === 'predict') expectPrediction(response, expected, model);
  else expectInference(response, expected);
}

function expectPrediction(response: WireResponse, expected: NamedTensors, model: Model): void {
  const json = parse(response.body.toString());
  const outputs = member(json, 'outputs');
  if (typeof outputs === 'object' && outputs !== null) {
    if (Object.keys(outputs).sort().join() !== [...expected.keys()].sort().join())
      throw wrong(response, `the outputs ${[...expected.keys()].join()}`);
    for (const [name, tensor] of expected)
      if (!isNested(member(outputs, name), tensor)) throw wrong(response, show(expected));
  }
  const tensor = expected.get(model.prediction.name);
  const prediction = member(json, 'prediction');
  if (tensor === undefined || !Array.isArray(prediction)) throw wrong(response, 'a prediction');
  if (model.task !== 'tensor') return; // what the tasks make of it has tests of its own
  const value = tensor.dims.length === 0 ? prediction[0] : prediction;
  if (!isNested(value, tensor)) throw wrong(response, `the prediction of ${show(expected)}`);
}

function expectInference(response: WireResponse, expected: NamedTensors): void {
  const headerLength = response.headers['inference-header-content-length'];
  const jsonBytes = headerLength === undefined ? response.body.length : Number(headerLength);
  const json = parse(response.body.toString('utf8', 0, jsonBytes));
  const outputs = member(json, 'outputs');
  if (!Array.isArray(outputs) || outputs.length === 0) throw wrong(response, 'outputs');
  let at = jsonBytes;
  for (const output of outputs) {
    const name = String(member(output, 'name'));
    const tensor = expected.get(name);
    const shape = member(output, 'shape');
    if (tensor === undefined) throw wrong(response, `an output of the model, not ${name}`);
    if (member(output, 'datatype') !== protocolName(tensor.datatype) || !isList(shape, tensor.dims))
      throw wrong(response, show(expected));
    const data = member(output, 'data');
    if (data !== undefined) {
      if (!isList(data, tensor)) throw wrong(response, show(expected));
      continue;
    }
    const size = Number(member(member(output, 'parameters'), 'binary_data_size'));
    if (!isBinary(response.body.subarray(at, at + size), tensor))
      throw wrong(response, show(expected));
    at += size;
  }
  if (at !== response.body.length) throw wrong(response, 'no bytes after the outputs');
}

function isNested(
  value: unknown,
  tensor: Tensor,
  axis = 0,
  start = 0,
  end = tensor.data.length,
): boolean {
  const size = tensor.dims[axis];
  if (size === undefined) return isElement(value, tensor, start);
  if (!Array.isArray(value) || value.length !== size) return false;
  const step = size === 0 ? 0 : (end - start) / size;
  return value.every((one, i) =>
    isNested(one, tensor, axis + 1, start + i * step, start + (i + 1) * step),
  );
}

function isList(value: unknown, expected: Tensor | readonly number[]): boolean {
  if (!Array.isArray(value)) return false;
  if (!('data' in expected))
    return value.length === expected.length && value.every((one, i) => one === expected[i]);
  return (
    value.length === expected.data.length && value.every((one, i) => isElement(one, expected, i))
  );
}

function isElement(value: unknown, { data, datatype }: Tensor, i: number): boolean {
  const element = data[i];
  if (datatype === 'bool') return value === (element !== 0);
  if (typeof element === 'string') return value === element;
  if (typeof element === 'bigint')
    return (typeof value === 'bigint' || typeof value === 'number') && BigInt(value) === element;
  // A double that is a whole number may be written with all its digits. JSON.stringify writes -0 as 0.
  return (typeof value === 'number' || typeof value === 'bigint') && Number(value) === element;
}

function isBinary(bytes: Buffer, { data }: Tensor): boolean {
  if (!Array.isArray(data))
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bytes);
  let at = 0;
  for (const text of data) {
    const content = Buffer.from(text);
    if (at + 4 + content.length > bytes.length) return false;
    if (bytes.readUInt32LE(at) !== content.length) return false;
    if (!bytes.subarray(at + 4, at + 4 + content.length).equals(content)) return false;
    at += 4 + content.length;
  }
  return at === bytes.length;
}

function hasNoJson({ datatype, data }: Tensor): boolean {
  return isFloat(datatype) && Array.from<unknown>(data).some((one) => !Number.isFinite(one));
}

function wrong({ status, headers, body }: WireResponse, expected: string): Error {
  const text = body.toString('latin1');
  return new Error(
    `expected ${expected}\ngot ${status} ${headers['content-type']}: ${text.length > 600 ? `${text.slice(0, 600)}…` : text}`,
  );
}

function show(tensors: NamedTensors): string {
  return [...tensors]
    .map(([name, { datatype, dims, data }]) => {
      const values = Array.from<unknown>(data).map((one) => String(one));
      return `${JSON.stringify(name)}: ${datatype}[${dims}] ${values.slice(0, 12).join(' ')}`;
    })
    .join('; ');
}

/** @throws Error when a value that a client sent stands in the log or the metrics */
export function expectNoCanary(
  places: Readonly<Record<string, string>>,
  canaries: readonly string[],
): void {
  for (const [place, text] of Object.entries(places))
    for (const canary of canaries) {
      const at = text.indexOf(canary);
      if (at >= 0)
        throw new Error(
          `a client's value stands in the ${place}: …${text.slice(Math.max(0, at - 200), at + 60)}…`,
        );
    }
}
