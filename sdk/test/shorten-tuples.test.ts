// Which fixed lengths become types.
import { expect, it } from 'vitest';
import { shortenTuples } from '../src/cli/shorten-tuples.ts';

const row = (length: number, items: object = { type: 'number' }) => ({
  type: 'array',
  minItems: length,
  maxItems: length,
  items,
});

it('a short row keeps its length, a long one and an outer dimension do not', () => {
  expect(shortenTuples(row(4))).toEqual(row(4));
  expect(shortenTuples(row(64))).toEqual(row(64));
  expect(shortenTuples(row(65))).toEqual({ type: 'array', items: { type: 'number' } });
  expect(shortenTuples({ anyOf: [row(3, row(2))] })).toEqual({
    anyOf: [{ type: 'array', items: row(2) }],
  });
});

it('everything else stays as it is, and the original untouched', () => {
  const schema = { type: 'object', properties: { type: row(2), maxItems: { type: 'integer' } } };
  const before = structuredClone(schema);
  expect(shortenTuples(schema)).toEqual(schema);
  shortenTuples(row(100));
  expect(schema).toEqual(before);
});
