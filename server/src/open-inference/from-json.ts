// The `data` of a tensor in JSON: flat in row-major order, or nested.
import type { SchemaObject } from 'openapi3-ts/oas31';
import { type Datatype, datatypes, type TensorData } from '../tensor/datatype.ts';

/** @throws Error that says what was expected; the message begins "expected" */
export function fromJson(
  values: readonly unknown[],
  datatype: Datatype,
  length: number,
): TensorData {
  const data = datatypes[datatype].allocate(length);
  const write = writer(data, datatype);
  const end = writeAll(values, write, 0, length);
  if (end !== length) throw new RangeError(`expected ${length} elements, got ${end}`);
  return data;
}

type Write = (at: number, value: unknown) => void;

function writeAll(values: readonly unknown[], write: Write, start: number, length: number): number {
  let at = start;
  for (const value of values) {
    if (Array.isArray(value)) at = writeAll(value, write, at, length);
    else {
      if (at >= length) throw new RangeError(`expected ${length} elements, got more`);
      write(at++, value);
    }
  }
  return at;
}

function writer(data: TensorData, datatype: Datatype): Write {
  const { noun } = datatypes[datatype];
  const schema: SchemaObject = datatypes[datatype].schema;
  const { minimum = -Infinity, maximum = Infinity } = schema;
  const refuse = (at: number, value: unknown): never => {
    const range = 'minimum' in schema ? ` from ${minimum} to ${maximum}` : '';
    throw new TypeError(
      `expected each element to be a ${noun}${range}, got ${JSON.stringify(value)} at ${at}`,
    );
  };
  if (Array.isArray(data))
    return (at, value) => {
      data[at] = typeof value === 'string' ? value : refuse(at, value);
    };
  if (datatype === 'bool')
    return (at, value) => {
      // Clients write 0 and 1, too.
      if (value !== true && value !== false && value !== 0 && value !== 1) refuse(at, value);
      data[at] = value ? 1 : 0;
    };
  const isWhole = schema.type === 'integer';
  const isRight = (value: unknown): value is number =>
    typeof value === 'number' &&
    value >= minimum &&
    value <= maximum &&
    (!isWhole || Number.isInteger(value));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return (at, value) => {
      data[at] = isRight(value) ? BigInt(value) : refuse(at, value);
    };
  return (at, value) => {
    data[at] = isRight(value) ? value : refuse(at, value);
  };
}
