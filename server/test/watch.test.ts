// When a change is told of, and when again.
import { expect, it } from 'vitest';
import { watch } from '../src/serving/reload/watch.ts';

/** Watches a state that is each of these in turn, then the last. @returns the numbers of the looks after which it was told of */
async function tellings(
  states: readonly string[],
  looks: number,
  isDealtWith: (state: string) => boolean,
): Promise<[look: number, state: string][]> {
  const stop = new AbortController();
  const told: [number, string][] = [];
  let count = 0;
  await watch(
    'known',
    async () => {
      if (++count === looks) stop.abort();
      return states[Math.min(count, states.length) - 1] ?? '';
    },
    1,
    async (state) => {
      told.push([count, state]);
      return isDealtWith(state);
    },
    stop.signal,
  );
  return told;
}

it('a change is told of once it has been quiet, and once', async () => {
  expect(await tellings(['known', 'a', 'b', 'c', 'c', 'c'], 50, () => true)).toEqual([[5, 'c']]);
});

it('what is back as it was is told of too, after a change that was', async () => {
  const states = ['a', 'a', 'known', 'known'];
  expect(await tellings(states, 10, () => true)).toEqual([
    [2, 'a'],
    [4, 'known'],
  ]);
});

it('what could not be dealt with is tried again later, and at once where it has become another', async () => {
  expect(await tellings(['a'], 70, () => false)).toEqual([
    [2, 'a'],
    [32, 'a'],
    [62, 'a'],
  ]);
  expect(await tellings(['a', 'a', 'a', 'b', 'b'], 60, (state) => state === 'b')).toEqual([
    [2, 'a'],
    [5, 'b'],
  ]);
});
