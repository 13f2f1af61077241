// Reads a request as leniently as its meaning allows: what the predictor answers with 200 must be what is read here.

import type { SchemaObject } from 'openapi3-ts/oas31';
import type { Model } from '../../src/model/model.ts';
import type { TensorSpec } from '../../src/runtime/signature.ts';
import { type Datatype, datatypes, isFloat } from '../../src/tensor/datatype.ts';
import { protocolName } from '../../src/tensor/protocol-names.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { member, parse } from './json.ts';
import type { NamedTensors } from './reference.ts';
import { type Element, fill, type Route, type WireRequest } from './requests.ts';

/** @returns undefined when the request has no meaning to this model */
export function read(route: Route, request: WireRequest, model: Model): NamedTensors | undefined {
  return route === 'predict' ? readPrediction(request, model) : readInference(request, model);
}

function readPrediction({ body }: WireRequest, model: Model): NamedTensors | undefined {
  const { inputs } = model.signature;
  const value = member(parse(textOf(body)), 'inputs');
  const tensors = new Map<string, Tensor>();
  for (const spec of inputs) {
    const own = inputs.length === 1 ? value : member(value, spec.name);
    const dims = dimsOf(own);
    const bare = model.rowMode !== 'none' && dims.length === spec.shape.length - 1;
    const tensor = tensorOf(spec.datatype, bare ? [1, ...dims] : dims, leavesOf(own, dims.length));
    if (tensor === undefined || tensor.dims.length !== spec.shape.length) return undefined;
    tensors.set(spec.name, tensor);
  }
  return tensors;
}

function readInference({ headers, body }: WireRequest, model: Model): NamedTensors | undefined {
  const header = headers['Inference-Header-Content-Length'];
  const jsonBytes = header === undefined ? body.length : Number(header);
  const [only] = model.signature.inputs;
  if (jsonBytes === 0 && only) return readWhole(body, only);
  const inputs = member(parse(textOf(body.subarray(0, jsonBytes))), 'inputs');
  if (!Array.isArray(inputs)) return undefined;
  const tensors = new Map<string, Tensor>();
  let at = jsonBytes;
  for (const input of inputs) {
    const spec = model.signature.inputs.find(({ name }) => name === member(input, 'name'));
    const shape = member(input, 'shape');
    const size = member(member(input, 'parameters'), 'binary_data_size');
    if (size !== undefined && typeof size !== 'number') return undefined;
    if (spec === undefined || !isShape(shape)) return undefined;
    if (member(input, 'datatype') !== protocolName(spec.datatype)) return undefined;
    const tensor =
      size === undefined
        ? tensorOf(spec.datatype, shape, leavesOf(member(input, 'data'), Infinity))
        : binaryTensor(spec.datatype, shape, body.subarray(at, at + size));
    if (tensor === undefined || tensors.has(spec.name)) return undefined;
    at += size ?? 0;
    tensors.set(spec.name, tensor);
  }
  return at === body.length && tensors.size === model.signature.inputs.length ? tensors : undefined;
}

/** A body without JSON is the only input, whose one free size follows from its length. */
function readWhole(body: Buffer, spec: TensorSpec): NamedTensors | undefined {
  if (spec.datatype === 'string') {
    const tensor = tensorOf(
      'string',
      spec.shape.map(() => 1),
      [body.toString()],
    );
    return tensor && new Map([[spec.name, tensor]]);
  }
  const fixed = spec.shape.map((size) => (typeof size === 'number' ? size : 1));
  const width = fill(spec.datatype, 1, () => 0);
  const bytes = Array.isArray(width) ? 1 : width.byteLength;
  const free = body.length / (bytes * fixed.reduce((product, size) => product * size, 1));
  const dims = spec.shape.map((size) => (typeof size === 'number' ? size : free));
  const tensor = isShape(dims) ? binaryTensor(spec.datatype, dims, body) : undefined;
  return tensor && new Map([[spec.name, tensor]]);
}

function textOf(bytes: Buffer): string {
  return bytes.toString().replace(/^\ufeff/, '');
}

function dimsOf(value: unknown): number[] {
  const dims: number[] = [];
  for (let inner = value; Array.isArray(inner) && dims.length < 10; inner = inner[0])
    dims.push(inner.length);
  return dims;
}

/** The elements of nested arrays, to a depth that no tensor exceeds. */
function leavesOf(value: unknown, depth: number): unknown[] {
  return Array.isArray(value) && depth > 0 ? value.flat(Math.min(depth - 1, 10)) : [value];
}

function tensorOf(
  datatype: Datatype,
  dims: readonly number[],
  elements: readonly unknown[],
): Tensor | undefined {
  if (elements.length !== countOf(dims)) return undefined;
  const right: Element[] = [];
  for (const element of elements) {
    if (!isElement(element, datatype)) return undefined;
    right.push(element);
  }
  return { datatype, dims, data: fill(datatype, right.length, (i) => right[i] ?? 0) };
}

function isElement(value: unknown, datatype: Datatype): value is Element {
  const { minimum = -Infinity, maximum = Infinity } = rangeOf(datatype);
  if (datatype === 'string')
    return typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
  if (datatype === 'bool') return typeof value === 'boolean' || value === 0 || value === 1;
  if (typeof value !== 'number' && typeof value !== 'bigint') return false;
  if (!isFloat(datatype) && typeof value === 'number' && !Number.isInteger(value)) return false;
  return value >= minimum && value <= maximum;
}

function rangeOf(datatype: Datatype): SchemaObject {
  return datatypes[datatype].schema;
}

function binaryTensor(
  datatype: Datatype,
  dims: readonly number[],
  bytes: Buffer,
): Tensor | undefined {
  const count = countOf(dims);
  if (datatype === 'string') {
    const texts: string[] = [];
    for (let at = 0; at + 4 <= bytes.length; ) {
      const end = at + 4 + bytes.readUInt32LE(at);
      texts.push(bytes.toString('utf8', at + 4, end));
      at = end;
    }
    return tensorOf(datatype, dims, texts);
  }
  if (bytes.length > 1_000_000) return undefined;
  const one = fill(datatype, 1, () => 0);
  if (Array.isArray(one) || bytes.length !== count * one.byteLength) return undefined;
  const data = fill(datatype, count, () => 0);
  if (!Array.isArray(data)) new Uint8Array(data.buffer).set(bytes);
  if (datatype === 'bool' && data instanceof Uint8Array)
    for (const [i, byte] of data.entries()) data[i] = byte === 0 ? 0 : 1;
  return { datatype, dims, data };
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0);
}

function countOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}
