// Whether two versions predict the same: classes, numbers, rows of them.
import { describe, expect, it } from 'vitest';
import { compare } from '../src/model/agreement.ts';

describe('predictions compared', () => {
  it.each([
    ['classes', [0, 1, 2], [0, 2, 2], [1]],
    ['numbers within the tolerance', [1, 1e6], [1.000001, 1e6 + 1], []],
    ['numbers beyond it', [1, 1e6], [1.1, 1e6 + 100], [0, 1]],
    [
      'rows of numbers',
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 5],
      ],
      [1],
    ],
    ['rows of other lengths', [[1, 2]], [[1]], [0]],
    ['fewer rows', [1, 2], [1], [1]],
    ['more rows', [1], [1, 2], [1]],
    ['texts', ['a', 'b'], ['a', 'c'], [1]],
  ])('%s', (_what, one, other, different) => {
    const agreement = compare({ prediction: one }, { prediction: other }, 1e-5);
    expect(agreement.different).toEqual(different);
  });

  it('finds the largest difference of a probability, where both give the same classes', () => {
    const difference = (one: number[][], other: number[][]) =>
      compare({ prediction: [], probabilities: one }, { prediction: [], probabilities: other }, 0)
        .probabilityDifference;
    expect(difference([[0.5, 0.5]], [[0.25, 0.75]])).toBe(0.25);
    expect(difference([[0.5, 0.5]], [[1]])).toBeUndefined();
  });
});
