// The `data` of a tensor in JSON: flat in row-major order, or nested.
import type { SchemaObject } from 'openapi3-ts/oas31';
import { type Datatype, datatypes, type TensorData } from '../tensor/datatype.ts';
import { type Write, writer } from '../tensor/from-json.ts';

/** @throws Error that says what was expected; the message begins "expected" */
export function fromJson(
  values: readonly unknown[],
  datatype: Datatype,
  length: number,
): TensorData {
  const data = datatypes[datatype].allocate(length);
  const write = checkedWriter(data, datatype);
  const end = writeAll(values, write, 0, length);
  if (end !== length) throw new RangeError(`expected ${length} elements, got ${end}`);
  return data;
}

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

/** Writes elements that are right; @throws Error for others */
function checkedWriter(data: TensorData, datatype: Datatype): Write {
  const { noun } = datatypes[datatype];
  const schema: SchemaObject = datatypes[datatype].schema;
  const isRight = checkOf(schema);
  const write = writer(data);
  return (at, value) => {
    if (isRight(value)) return write(at, value);
    const range = 'minimum' in schema ? ` from ${schema.minimum} to ${schema.maximum}` : '';
    throw new TypeError(
      `expected each element to be a ${noun}${range}, got ${JSON.stringify(value)} at ${at}`,
    );
  };
}

function checkOf({ type, minimum = -Infinity, maximum = Infinity }: SchemaObject) {
  return (value: unknown): boolean => {
    if (type === 'string') return typeof value === 'string';
    if (type === 'boolean') return typeof value === 'boolean' || value === 0 || value === 1; // clients write 0 and 1, too
    return (
      typeof value === 'number' &&
      value >= minimum &&
      value <= maximum &&
      (type === 'number' || Number.isInteger(value))
    );
  };
}
