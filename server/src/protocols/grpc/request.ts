// The message ModelInferRequest to the work that a model does. It is read in two steps: where its parts are, then, as many as the
// model can have of each, what they say. A message of a megabyte can hold half a million empty tensors.
import protobuf from 'protobufjs';
import { workOf } from '../../model/inputs.ts';
import type { Model } from '../../model/model.ts';
import type { TensorSpec } from '../../runtime/signature.ts';
import type { TensorData } from '../../tensor/datatype.ts';
import { type Tensor, tensorsByName } from '../../tensor/tensor.ts';
import type { Work } from '../../tensor/work.ts';
import { counted } from '../../util/counted.ts';
import { quote } from '../../util/quote.ts';
import { fromBinary } from '../open-inference/binary.ts';
import {
  inputSpecs,
  limited,
  RequestError,
  refusal,
  requireAll,
  specFor,
  tensorFor,
  wantedOutputs,
} from '../open-inference/tensors.ts';
import { fromContents, hasContents } from './contents.ts';

/** What is to be done, and how it is to be answered. */
export interface Inference {
  readonly id: string;
  readonly work: Work;
  readonly outputs: readonly string[];
  /** Whether the outputs go out as they lie in memory. */
  readonly isRaw: boolean;
}

/** A request whose parts are known, but not what they say. */
export interface Envelope {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly inputs: Parts;
  readonly outputs: Parts;
  readonly raw: Parts;
}

/** Parts of a message, each by where it begins and ends. */
interface Parts {
  readonly count: number;
  [Symbol.iterator](): Iterator<Buffer>;
}

/** More sizes than any tensor's shape has. */
const MAX_RANK = 64;

const LENGTH = 2;
const VARINT = 0;

/** @throws RequestError for bytes that are no such message */
export function openRequest(bytes: Buffer): Envelope {
  return asMessage(() => {
    const reader = protobuf.Reader.create(bytes);
    const [inputs, outputs, raw] = [new Spans(bytes), new Spans(bytes), new Spans(bytes)];
    let [modelName, modelVersion, id] = ['', '', ''];
    eachField(reader, (field, wireType) => {
      if (wireType !== LENGTH) return false;
      switch (field) {
        case 1:
          modelName = reader.string();
          break;
        case 2:
          modelVersion = reader.string();
          break;
        case 3:
          id = reader.string();
          break;
        case 5:
          inputs.take(reader);
          break;
        case 6:
          outputs.take(reader);
          break;
        case 7:
          raw.take(reader);
          break;
        default:
          return false;
      }
      return true;
    });
    return { modelName, modelVersion, id, inputs, outputs, raw };
  });
}

/** @throws RequestError or InputError for a request that does not fit the model */
export function readRequest(envelope: Envelope, model: Model, maxRows: number): Inference {
  const specs = inputSpecs(model);
  const { inputs, outputs, raw, id } = envelope;
  if (inputs.count > specs.size)
    throw refusal(
      `expected ${counted(specs.size, 'input')} (${[...specs.keys()].map(quote).join(', ')}), got ${inputs.count}`,
    );
  if (raw.count > 0 && raw.count !== inputs.count)
    throw refusal(
      `expected raw_input_contents of ${counted(inputs.count, 'input')} or of none, got ${raw.count}`,
    );
  const feeds = tensorsByName();
  const rawContents = raw[Symbol.iterator]();
  for (const bytes of inputs) {
    const input = readInput(bytes);
    const spec = specFor(input, specs, feeds);
    const next = rawContents.next();
    feeds[input.name] = readTensor(input, spec, next.done ? undefined : next.value);
  }
  requireAll(specs, feeds);
  const wanted = outputsOf(outputs, model);
  const names = new Set(wanted);
  return {
    id,
    work: limited(workOf(model, feeds), maxRows),
    outputs: wanted,
    isRaw:
      raw.count > 0 ||
      model.signature.outputs.some(
        ({ name, datatype }) => names.has(name) && !hasContents(datatype),
      ),
  };
}

/** The message InferInputTensor. */
interface Input {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The names of those that matter. */
  readonly parameters: object;
  readonly contents: Buffer | undefined;
}

function readInput(bytes: Buffer): Input {
  return asMessage(() => {
    const reader = protobuf.Reader.create(bytes);
    const shape: number[] = [];
    const parameters: Record<string, true> = {};
    let [name, datatype] = ['', ''];
    let contents: Buffer | undefined;
    eachField(reader, (field, wireType) => {
      if (field === 3) {
        readShape(reader, wireType, shape);
        return true;
      }
      if (wireType !== LENGTH) return false;
      switch (field) {
        case 1:
          name = reader.string();
          break;
        case 2:
          datatype = reader.string();
          break;
        case 4:
          noteParameter(reader, parameters);
          break;
        case 5:
          contents = take(reader, bytes);
          break;
        default:
          return false;
      }
      return true;
    });
    return { name, datatype, shape, parameters, contents };
  });
}

function readTensor(input: Input, spec: TensorSpec, raw: Buffer | undefined): Tensor {
  const { contents } = input;
  return tensorFor(input, spec, (length): TensorData => {
    if (raw !== undefined) {
      if (contents !== undefined)
        throw new TypeError('expected either contents or raw_input_contents, got both');
      return fromBinary(raw, spec.datatype, length);
    }
    if (contents === undefined && length > 0)
      throw new TypeError('expected either contents or raw_input_contents, got neither');
    return fromContents(contents ?? Buffer.alloc(0), spec.datatype, length);
  });
}

function outputsOf(outputs: Parts, model: Model): string[] {
  const known = model.signature.outputs.map(({ name }) => name);
  if (outputs.count === 0) return known;
  if (outputs.count > known.length)
    throw refusal(
      `expected at most the ${known.length} outputs of the model (${known.map(quote).join(', ')}), got ${outputs.count}`,
    );
  return wantedOutputs([...outputs].map(readOutput), model, ({ name }) => name);
}

/** The message InferRequestedOutputTensor. */
function readOutput(bytes: Buffer): { readonly name: string; readonly parameters: object } {
  return asMessage(() => {
    const reader = protobuf.Reader.create(bytes);
    const parameters: Record<string, true> = {};
    let name = '';
    eachField(reader, (field, wireType) => {
      if (wireType !== LENGTH || field > 2) return false;
      if (field === 1) name = reader.string();
      else noteParameter(reader, parameters);
      return true;
    });
    return { name, parameters };
  });
}

/** Parameters that are refused; others mean nothing here. */
const REFUSED: readonly string[] = ['shared_memory_region', 'classification'];

function noteParameter(reader: protobuf.Reader, parameters: Record<string, true>): void {
  const end = reader.uint32() + reader.pos;
  let name = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | LENGTH)) name = reader.string();
    else reader.skipType(tag & 7);
  }
  if (REFUSED.includes(name)) parameters[name] = true;
}

function readShape(reader: protobuf.Reader, wireType: number, shape: number[]): void {
  const size = () => {
    if (shape.length === MAX_RANK)
      throw refusal(`expected a shape of the model's, got one of more than ${MAX_RANK} sizes`);
    shape.push(sizeOf(reader.int64()));
  };
  if (wireType === VARINT) {
    size();
    return;
  }
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) size();
}

/** As far as a number goes: no size is larger. */
function sizeOf({ low, high }: { readonly low: number; readonly high: number }): number {
  return high * 2 ** 32 + (low >>> 0);
}

/** @param read told of every field and its wire type; false when it has left it unread */
function eachField(
  reader: protobuf.Reader,
  read: (field: number, wireType: number) => boolean,
): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!read(tag >>> 3, tag & 7)) reader.skipType(tag & 7);
  }
}

/** @returns what comes after its length */
function take(reader: protobuf.Reader, bytes: Buffer): Buffer {
  const length = reader.uint32();
  reader.skip(length);
  return bytes.subarray(reader.pos - length, reader.pos);
}

class Spans implements Parts {
  readonly #bytes: Buffer;
  readonly #ends: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get count(): number {
    return this.#ends.length / 2;
  }

  take(reader: protobuf.Reader): void {
    const length = reader.uint32();
    reader.skip(length);
    this.#ends.push(reader.pos - length, reader.pos);
  }

  *[Symbol.iterator](): Iterator<Buffer> {
    for (let i = 0; i < this.#ends.length; i += 2)
      yield this.#bytes.subarray(this.#ends[i], this.#ends[i + 1]);
  }
}

function asMessage<Message>(read: () => Message): Message {
  try {
    return read();
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw refusal(
      'expected the message ModelInferRequest, got bytes that are not: it may end early, or come of another .proto',
    );
  }
}
