import { expect, test } from 'vitest';
import { grows, growthOf, type Sample } from './growth.ts';

/** A sawtooth as of a collected heap: up by 40 in 17 samples, and back; on top of it noise that is the same in each run. */
const series = (perSample: number): Sample[] =>
  Array.from({ length: 600 }, (_, i) => ({
    atMs: 1000 * i,
    value: 100 + perSample * i + (40 * (i % 17)) / 17 + 3 * Math.sin(i * i),
  }));

test('a sawtooth that comes back to where it was does not grow', () => {
  const growth = growthOf(series(0));
  expect(growth.low).toBeLessThan(0);
  expect(growth.high).toBeGreaterThan(0);
  expect(grows(growth, 0)).toBe(false);
});

test('a leak under a sawtooth is found, and told by its size', () => {
  const growth = growthOf(series(0.05)); // by 28.5 from the first stretch to the last
  expect(growth.low).toBeLessThan(28.5);
  expect(growth.high).toBeGreaterThan(28.5);
  expect(grows(growth, 10)).toBe(true);
  expect(grows(growth, 40)).toBe(false);
});

test('the interval is that of Student, not of Gauss', () => {
  // Residuals of ±1 around no slope: its standard error is sqrt(20 / 18 / 665), and t(18) at 99.5 % is 2.878.
  const growth = growthOf(
    Array.from({ length: 20 }, (_, i) => ({ atMs: i, value: [1, -1, -1, 1][i % 4] ?? 0 })),
  );
  expect(growth.by).toBeCloseTo(0);
  expect(growth.high / (19 * 2.878 * Math.sqrt(20 / 18 / 665))).toBeCloseTo(1, 2);
});

test('too few samples are refused', () => {
  expect(() => growthOf(series(0).slice(0, 19))).toThrow('expected at least 20 samples, got 19');
});
