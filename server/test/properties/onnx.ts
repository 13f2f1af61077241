// Writes ONNX files: the few messages of onnx.proto that a small graph needs, in protobuf's wire format.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import type { Datatype } from '../../src/tensor/datatype.ts';

/** A dimension: its size, its name (which may be odd), or nothing at all. */
export type Dimension = number | { readonly named: string } | 'unnamed';

/** An input or output of a graph; without a shape, not even its rank is declared. */
export interface ValueInfo {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly Dimension[] | undefined;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant of int64 or float32. */
export interface Initializer {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: BigInt64Array | Float32Array;
}

export interface Graph {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}

const IR_VERSION = 8;
const OPSET = 17;

/** TensorProto.DataType */
const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const satisfies Record<Datatype, number>;

export const elementType = (datatype: Datatype): number => elementTypes[datatype];

/** The bytes of a ModelProto. */
export function writeModel(graph: Graph): Buffer {
  const opset = [field(1, ''), field(2, OPSET)];
  return Buffer.concat([
    field(1, IR_VERSION),
    field(7, message(graphProto(graph))),
    field(8, message(opset)),
  ]);
}

function graphProto({ inputs, outputs, nodes, initializers }: Graph): Buffer[] {
  return [
    ...nodes.map((node) => field(1, message(nodeProto(node)))),
    field(2, 'generated'),
    ...initializers.map((initializer) => field(5, message(tensorProto(initializer)))),
    ...inputs.map((input) => field(11, message(valueInfoProto(input)))),
    ...outputs.map((output) => field(12, message(valueInfoProto(output)))),
  ];
}

function nodeProto({ op, inputs, outputs, attributes = {} }: Node): Buffer[] {
  return [
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(4, op),
    ...Object.entries(attributes).map(([name, value]) => field(5, message(attribute(name, value)))),
  ];
}

function attribute(name: string, value: number | readonly number[]): Buffer[] {
  const [INT, INTS] = [2, 7]; // AttributeProto.AttributeType
  return typeof value === 'number'
    ? [field(1, name), field(3, value), field(20, INT)]
    : [field(1, name), ...value.map((one) => field(8, one)), field(20, INTS)];
}

function tensorProto({ name, dims, data }: Initializer): Buffer[] {
  return [
    ...dims.map((size) => field(1, size)),
    field(2, elementType(data instanceof Float32Array ? 'float32' : 'int64')),
    field(8, name),
    field(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function valueInfoProto({ name, datatype, shape }: ValueInfo): Buffer[] {
  const dimensions = shape?.map((size) => field(1, message(dimensionProto(size))));
  const tensorType = [
    field(1, elementType(datatype)),
    ...(dimensions ? [field(2, message(dimensions))] : []),
  ];
  return [field(1, name), field(2, message([field(1, message(tensorType))]))];
}

function dimensionProto(size: Dimension): Buffer[] {
  if (size === 'unnamed') return [];
  return typeof size === 'number' ? [field(1, size)] : [field(2, size.named)];
}

const message = (fields: readonly Buffer[]): Buffer => Buffer.concat(fields);

/** A field: whole numbers as varints, everything else with its length before it. */
function field(number: number, value: number | string | Buffer): Buffer {
  const [VARINT, LENGTH_DELIMITED] = [0, 2];
  if (typeof value === 'number') return Buffer.concat([varint(number * 8 + VARINT), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value)); // negative numbers as their two's complement
  do {
    const more = rest >> 7n;
    bytes.push(Number(rest & 0x7fn) | (more > 0n ? 0x80 : 0));
    rest = more;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
