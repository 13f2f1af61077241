// How many rows a run gets, of models that cost by the row, by the run, or both.
import { expect, it } from 'vitest';
import { createRunSize } from '../src/serving/queue/run-size.ts';

/** Runs a backlog without end, and tells the last sizes of its runs. */
function sizesFor(msOf: (rows: number) => number, tried: number, runs = 40): number[] {
  const size = createRunSize(64, 500, { rows: tried, milliseconds: msOf(tried) });
  return Array.from({ length: runs }, () => {
    const { rows } = size;
    size.ran(rows, msOf(rows));
    return rows;
  }).slice(-5);
}

it.each([1, 4, 64])(
  'as many as take half a second, where rows cost alike; tried with %i',
  (tried) => {
    for (const rows of sizesFor((count) => 150 * count, tried)) expect(rows).toBeOneOf([3, 4, 5]);
  },
);

it.each([1, 4, 64])('all, where a run costs most, however many it has; tried with %i', (tried) => {
  expect(sizesFor((count) => 400 + count, tried)).toEqual([64, 64, 64, 64, 64]);
});

it('all of a light model, and soon again after a pause of the machine', () => {
  const size = createRunSize(64, 500, undefined);
  size.ran(64, 0.1);
  expect(size.rows).toBe(64);
  size.ran(64, 2000);
  expect(size.rows).toBe(16);
  for (let i = 0; i < 4; i++) size.ran(size.rows, 0.1);
  expect(size.rows).toBe(64);
});

it('one at least', () => {
  expect(sizesFor(() => 10_000, 1)).toEqual([1, 1, 1, 1, 1]);
});
