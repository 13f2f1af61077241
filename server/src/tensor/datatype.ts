// The element types of ONNX tensors: how each is held in memory and what JSON value stands for one element.
import type { SchemaObject } from 'openapi3-ts/oas31';

/** ONNX Runtime's names of the element types that the predictor carries. */
export type Datatype = keyof typeof datatypes;

/** The elements of a tensor in row-major order. */
export type TensorData = NumberArray | BigIntArray | string[];
type NumberArray =
  | Float16Array
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;
type BigIntArray = BigInt64Array | BigUint64Array;

interface Element {
  /** New storage for `length` elements. */
  readonly allocate: (length: number) => TensorData;
  /** The JSON Schema of one element. */
  readonly schema: SchemaObject;
  /** What one element is called in an error: "a number". */
  readonly noun: string;
}

const real = (largest: number): SchemaObject => ({
  type: 'number',
  minimum: -largest,
  maximum: largest,
});
const whole = (minimum: number, maximum: number): SchemaObject => ({
  type: 'integer',
  minimum,
  maximum,
});

/**
 * Text that ONNX Runtime takes as it is: it cuts strings at U+0000, and half a surrogate pair has no UTF-8. The pattern says the
 * first alone; a JSON text in UTF-8 can have the second only as an escape, and few programs' patterns know of it.
 */
export const WHOLE_TEXT = {
  pattern: '^[^\\u0000]*$',
  phrase: 'text without U+0000 and without unpaired surrogates',
} as const;

export const datatypes = {
  float16: {
    allocate: (length) => new Float16Array(length),
    schema: real(65504),
    noun: 'number',
  },
  float32: {
    allocate: (length) => new Float32Array(length),
    schema: real(3.4028234663852886e38),
    noun: 'number',
  },
  float64: {
    allocate: (length) => new Float64Array(length),
    schema: real(Number.MAX_VALUE),
    noun: 'number',
  },
  int8: { allocate: (length) => new Int8Array(length), schema: whole(-128, 127), noun: 'integer' },
  uint8: { allocate: (length) => new Uint8Array(length), schema: whole(0, 255), noun: 'integer' },
  int16: {
    allocate: (length) => new Int16Array(length),
    schema: whole(-32768, 32767),
    noun: 'integer',
  },
  uint16: {
    allocate: (length) => new Uint16Array(length),
    schema: whole(0, 65535),
    noun: 'integer',
  },
  int32: {
    allocate: (length) => new Int32Array(length),
    schema: whole(-2147483648, 2147483647),
    noun: 'integer',
  },
  uint32: {
    allocate: (length) => new Uint32Array(length),
    schema: whole(0, 4294967295),
    noun: 'integer',
  },
  // JSON numbers are doubles in most programs: beyond 2^53 - 1 they would silently change.
  int64: {
    allocate: (length) => new BigInt64Array(length),
    schema: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    noun: 'integer',
  },
  uint64: {
    allocate: (length) => new BigUint64Array(length),
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    noun: 'integer',
  },
  bool: {
    allocate: (length) => new Uint8Array(length),
    schema: { type: 'boolean' },
    noun: 'boolean',
  },
  string: {
    allocate: (length) => new Array<string>(length).fill(''),
    schema: { type: 'string', pattern: WHOLE_TEXT.pattern },
    noun: 'string',
  },
} as const satisfies Record<string, Element>;

/** Whether a name that ONNX Runtime gives is one of the element types carried here. */
export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(datatypes, name);
}

/** Whether the elements are floating-point numbers, which may be NaN or infinite. */
export function isFloat(datatype: Datatype): boolean {
  return datatype === 'float16' || datatype === 'float32' || datatype === 'float64';
}
