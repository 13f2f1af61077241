// Golden predictions: which requests they are compared in, of how many rows.
import { describe, expect, it } from 'vitest';
import { checkGolden } from '../src/model/check-golden.ts';
import type { Golden } from '../src/model/golden.ts';

const rows = (count: number) => Array.from({ length: count }, (_, i) => [i, i]);
const zeros = (count: number) => Array<number>(count).fill(0);

/** How many elements each request had, and how many rows were as expected, where the predictions are of as many rows as `answers` says. */
async function requests(
  golden: Golden,
  answers: readonly number[],
  extent?: Parameters<typeof checkGolden>[2],
) {
  const sent: number[] = [];
  const predict = async ({ inputs }: { readonly inputs: unknown }) => {
    sent.push(Object.keys(Object(inputs)).length);
    return { prediction: zeros(answers[sent.length - 1] ?? 0) };
  };
  return { sent, compared: await checkGolden(golden, predict, extent) };
}

describe('golden predictions', () => {
  it.each([
    ['rows', { inputs: rows(120), prediction: zeros(120) }, [50, 50, 20], [50, 50, 20], 120],
    ['rows with nothing to compare', { inputs: rows(60) }, [50, 10], [50, 10], 60],
    ['a row alone', { inputs: zeros(60), prediction: [0] }, [60], [1], 1],
    ['a row alone with nothing to compare', { inputs: zeros(60) }, [60], [1], 1],
    ['an image alone', { inputs: rows(64), prediction: [0] }, [64], [1], 1],
    ['a tensor of more outputs', { inputs: rows(2), prediction: zeros(4) }, [2], [4], 4],
    ['named inputs', { inputs: { x: rows(9), z: rows(9) }, prediction: zeros(9) }, [2], [9], 9],
  ])('are sent as %s', async (_what, golden, sent, answers, compared) => {
    expect(await requests(golden, answers)).toEqual({ sent, compared });
  });

  it('are compared in requests of as many rows as are allowed', async () => {
    const golden = { inputs: rows(25), prediction: zeros(25) };
    const sent = [10, 10, 5];
    expect(await requests(golden, sent, { maxRows: 10 })).toEqual({ sent, compared: 25 });
  });

  it('are compared as far as there is time', async () => {
    const golden = { inputs: rows(120), prediction: zeros(120) };
    let asked = 0;
    const isWanted = (count: number) => {
      asked += count;
      return asked <= 70;
    };
    expect(await requests(golden, [50, 50, 20], { isWanted })).toEqual({
      sent: [50],
      compared: 50,
    });
  });
});
