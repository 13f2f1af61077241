// The `data` of a tensor in JSON: flat in row-major order, or nested.

import type { SchemaObject } from 'openapi3-ts/oas31';
import { type Datatype, datatypes, type TensorData } from '../../tensor/datatype.ts';
import { type Write, writer } from '../../tensor/from-json.ts';
import { counted } from '../../util/counted.ts';
import { withArticle } from '../../util/quote.ts';

/**
 * @param depth how deeply the elements may be nested: the number of the tensor's dimensions
 * @throws Error that says what was expected; the message begins "expected"
 */
export function fromJson(
  values: readonly unknown[],
  datatype: Datatype,
  length: number,
  depth: number,
): TensorData {
  // A shape is only a claim: memory is taken for as many elements as are there.
  const count = countLeaves(values, Math.max(1, depth));
  if (count !== length)
    throw new RangeError(`expected ${counted(length, 'element')}, got ${count}`);
  const data = datatypes[datatype].allocate(length);
  const write = checkedWriter(data, datatype);
  writeAll(values, write, 0);
  return data;
}

/** Counts the elements, flat or nested. @throws RangeError when they nest deeper than they may */
function countLeaves(values: readonly unknown[], depth: number): number {
  if (depth === 0)
    throw new RangeError('expected arrays nested no deeper than the shape, got deeper ones');
  let count = 0;
  for (const value of values) count += Array.isArray(value) ? countLeaves(value, depth - 1) : 1;
  return count;
}

function writeAll(values: readonly unknown[], write: Write, start: number): number {
  let at = start;
  for (const value of values) {
    if (Array.isArray(value)) at = writeAll(value, write, at);
    else write(at++, value);
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
      `expected each element to be ${withArticle(noun)}${range}, got ${show(value)} at ${at}`,
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

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
