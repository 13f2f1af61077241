// Generates requests that a model takes, and writes them as /predict or the Open Inference Protocol want them.
import fc from 'fast-check';
import { type Datatype, datatypes, isFloat, type TensorData } from '../../src/tensor/datatype.ts';
import { protocolName } from '../../src/tensor/protocol-names.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { array, type Json, object, token, write } from './json.ts';
import type { InputPlan, ModelPlan } from './models.ts';
import type { NamedTensors } from './reference.ts';

export type Route = 'predict' | 'infer-json' | 'infer-binary';

/** A part of every value that must never be logged, and of nothing else. */
export const CANARY = 'cnry';
const CANARY_NUMBER = 1_270_987_653;
export const canaries: readonly string[] = [CANARY, String(CANARY_NUMBER)];

export interface RequestPlan {
  readonly route: Route;
  /** In the order in which the request lists them. */
  readonly tensors: NamedTensors;
  /** /predict: one row without the dimension of rows, where there is one row. Open Inference: data nested, not flat. */
  readonly otherForm: boolean;
  /** Open Inference: whether the outputs come in binary. */
  readonly binaryOutputs: boolean;
}

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Requests to a model, of any sizes that it leaves free. */
export function requestsTo(model: ModelPlan): fc.Arbitrary<RequestPlan> {
  return fc
    .record({
      route: fc.constantFrom<Route>('predict', 'infer-json', 'infer-binary'),
      rows: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 })),
      sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 }),
      order: fc.shuffledSubarray([...model.inputs], { minLength: model.inputs.length }),
      otherForm: fc.boolean(),
      binaryOutputs: fc.boolean(),
    })
    .chain(({ route, rows, sizes, order, otherForm, binaryOutputs }) => {
      const tensors = order.map((input) =>
        tensorOf(input, dimsOf(input, model, rows, sizes), route === 'infer-binary').map(
          (tensor): [string, Tensor] => [input.name, tensor],
        ),
      );
      return fc
        .tuple(...tensors)
        .map((all) => ({ route, tensors: new Map(all), otherForm, binaryOutputs }));
    });
}

function dimsOf(
  input: InputPlan,
  model: ModelPlan,
  rows: number,
  sizes: readonly number[],
): number[] {
  const place = model.inputs.indexOf(input);
  return input.shape.map((size, axis) => {
    if (typeof size === 'number') return size;
    if (axis === 0) return rows;
    const name = size === 'unnamed' ? '' : size.named;
    // What has a name has one size, mostly; the rest is free.
    const key = name === 'n' || name === 'm' ? name.charCodeAt(0) : 3 * place + axis;
    return sizes[key % sizes.length] ?? 1;
  });
}

/** A tensor of a few different elements: it shrinks to one, and another request's are told from it. */
function tensorOf({ datatype }: InputPlan, dims: number[], binary: boolean): fc.Arbitrary<Tensor> {
  const length = dims.reduce((product, size) => product * size, 1);
  return fc.array(elementsOf(datatype, binary), { minLength: 1, maxLength: 5 }).map((palette) => ({
    datatype,
    dims,
    data: fill(datatype, length, (i) => palette[(7 * i + (i >> 2)) % palette.length] ?? 0),
  }));
}

export type Element = number | bigint | boolean | string;

/** New data, of elements as the datatype holds them. */
export function fill(
  datatype: Datatype,
  length: number,
  element: (i: number) => Element,
): TensorData {
  const data = datatypes[datatype].allocate(length);
  for (let i = 0; i < length; i++) {
    const value = element(i);
    if (Array.isArray(data)) data[i] = String(value);
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      data[i] = BigInt(value);
    else data[i] = Number(value);
  }
  return data;
}

/** @param binary whether values may be such as JSON cannot carry */
function elementsOf(datatype: Datatype, binary: boolean): fc.Arbitrary<Element> {
  if (datatype === 'bool') return fc.boolean();
  if (datatype === 'string') return texts;
  if (isFloat(datatype)) {
    const largest = { float16: 65504, float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };
    const special = [
      0,
      -0,
      1,
      -1,
      0.1,
      ...(datatype === 'float16' ? [] : [CANARY_NUMBER + 0.5]),
      largest[datatype as keyof typeof largest],
    ];
    return fc.oneof(
      fc.constantFrom<number>(...special, ...(binary ? [Number.NaN, Infinity, -Infinity] : [])),
      fc.double({ min: -1000, max: 1000, noNaN: true }),
    );
  }
  const { minimum, maximum } = datatypes[datatype].schema;
  const wide = binary && (datatype === 'int64' || datatype === 'uint64');
  const special = [0, 1, maximum ?? 1, minimum ?? 0].map(BigInt);
  if (Number(maximum) > CANARY_NUMBER) special.push(BigInt(CANARY_NUMBER));
  if (wide) special.push(datatype === 'int64' ? -(2n ** 63n) : 2n ** 64n - 1n, 2n ** 53n + 1n);
  return fc.oneof(
    { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 9n }) },
    { weight: 1, arbitrary: fc.constantFrom(...special) },
  );
}

/** Texts, a few of which ONNX Runtime could not carry whole. */
const texts = fc.oneof(
  { weight: 12, arbitrary: fc.nat(99).map((n) => `${CANARY}${n}`) },
  {
    weight: 6,
    arbitrary: fc.constantFrom('', '模型', '😀', `${CANARY}"\\\n`, 'é', '\u2028', '\ufeffx'),
  },
  { weight: 1, arbitrary: fc.constantFrom(`${CANARY}\0x`, '\0', '\ud800', 'x\udc00') },
);

/** Whether ONNX Runtime gets the tensors as they are: it cuts strings at U+0000, and half a pair has no UTF-8. */
export function canBeCarried(tensors: NamedTensors): boolean {
  return [...tensors.values()].every(
    ({ data }) =>
      !Array.isArray(data) || data.every((text) => text.isWellFormed() && !text.includes('\0')),
  );
}

/** The JSON of a request, and the binary tensors after it. */
export interface Written {
  readonly json: Json;
  readonly binary: Buffer;
}

/**
 * @param inputNames of the model: a single input's value stands without its name in /predict
 * @param hasRows whether a row may be sent by itself
 */
export function writeRequest(
  plan: RequestPlan,
  inputNames: readonly string[],
  hasRows: boolean,
): Written {
  return plan.route === 'predict'
    ? { json: predictJson(plan, inputNames, hasRows), binary: Buffer.alloc(0) }
    : inferenceOf(plan);
}

function predictJson(plan: RequestPlan, inputNames: readonly string[], hasRows: boolean): Json {
  const value = (tensor: Tensor): Json => {
    const { dims, data, datatype } = tensor;
    const bare =
      plan.otherForm && hasRows && dims[0] === 1 && (dims.length > 1 || inputNames.length > 1);
    // A row of no dimension is a bare value, which the contract has in neither form.
    const shape = bare && dims.length > 1 ? dims.slice(1) : dims;
    return nested({ datatype, dims: shape, data });
  };
  const all = [...plan.tensors].map(([name, tensor]): [string, Json] => [name, value(tensor)]);
  const [only] = all;
  const inputs = inputNames.length === 1 && only ? only[1] : object(all);
  return object([
    ['inputs', inputs],
    ['outputs', token('true')],
  ]);
}

function inferenceOf(plan: RequestPlan): Written {
  const binaries: Buffer[] = [];
  const inputs = [...plan.tensors].map(([name, tensor]) => {
    const head: [string, Json][] = [
      ['name', text(name)],
      ['shape', array(tensor.dims.map(number))],
      ['datatype', text(protocolName(tensor.datatype))],
    ];
    if (plan.route === 'infer-json')
      return object([
        ...head,
        ['data', plan.otherForm && tensor.dims.length > 0 ? nested(tensor) : flat(tensor)],
      ]);
    const bytes = bytesOf(tensor);
    binaries.push(bytes);
    return object([...head, ['parameters', object([['binary_data_size', number(bytes.length)]])]]);
  });
  return {
    json: object([
      ['inputs', array(inputs)],
      ...(plan.binaryOutputs
        ? [['parameters', object([['binary_data_output', token('true')]])] satisfies [string, Json]]
        : []),
    ]),
    binary: Buffer.concat(binaries),
  };
}

/** What is sent of it. */
export function wireRequest(route: Route, { json, binary }: Written, model: string): WireRequest {
  const text = Buffer.from(write(json));
  if (route === 'predict')
    return { path: '/predict', headers: { 'Content-Type': 'application/json' }, body: text };
  return {
    path: `/v2/models/${encodeURIComponent(model)}/infer`,
    headers:
      route === 'infer-json'
        ? { 'Content-Type': 'application/json' }
        : {
            'Content-Type': 'application/octet-stream',
            'Inference-Header-Content-Length': String(text.length),
          },
    body: Buffer.concat([text, binary]),
  };
}

/** Binary elements, as the protocol's extension defines them. */
function bytesOf({ data }: Tensor): Buffer {
  if (!Array.isArray(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(
    data.flatMap((one) => {
      const content = utf8(one);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(content.length);
      return [length, content];
    }),
  );
}

/** UTF-8, and what stands for half a surrogate pair in the same scheme, which is not UTF-8. */
function utf8(value: string): Buffer {
  if (value.isWellFormed()) return Buffer.from(value);
  return Buffer.concat(
    Array.from(value, (one) => {
      const code = one.charCodeAt(0);
      if (one.isWellFormed()) return Buffer.from(one);
      return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
    }),
  );
}

function flat(tensor: Tensor): Json {
  return array(Array.from({ length: tensor.data.length }, (_, i) => element(tensor, i)));
}

function nested(tensor: Tensor, axis = 0, start = 0, end = tensor.data.length): Json {
  const size = tensor.dims[axis];
  if (size === undefined) return element(tensor, start);
  const step = (end - start) / size;
  return array(
    Array.from({ length: size }, (_, i) =>
      nested(tensor, axis + 1, start + i * step, start + (i + 1) * step),
    ),
  );
}

function element({ data, datatype }: Tensor, i: number): Json {
  const value = data[i] ?? 0;
  if (datatype === 'bool') return token(value === 0 ? 'false' : 'true');
  if (typeof value === 'string') return text(value);
  return number(value);
}

const text = (value: string): Json => token(JSON.stringify(value));
const number = (value: number | bigint): Json => token(Object.is(value, -0) ? '-0' : String(value));

/** A plan as a failure shows it. */
export function showRequest({ route, tensors, otherForm, binaryOutputs }: RequestPlan): string {
  const all = [...tensors].map(([name, { datatype, dims, data }]) => {
    const values = Array.from<unknown>(data).map((one) =>
      typeof one === 'string' ? JSON.stringify(one) : String(one),
    );
    const shown = values.length > 8 ? [...values.slice(0, 8), '…'] : values;
    return `${JSON.stringify(name)}: ${datatype}[${dims}] ${shown.join(' ')}`;
  });
  return `  ${route}${otherForm ? ', the other form' : ''}${binaryOutputs ? ', binary outputs' : ''}: ${all.join('; ')}`;
}
