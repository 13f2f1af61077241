// Which model it is that serves: its golden predictions are those of no other.
import { expect } from 'vitest';
import { golden } from './golden.ts';
import { eventually, predict } from './http.ts';
import type { Release } from './release.ts';

/**
 * Waits until a release gives the golden predictions of a model of the image.
 * @param at the path that it is asked at
 */
export async function expectModel(
  { host }: Release,
  version: 'v1' | 'v2',
  at = '/predict',
): Promise<void> {
  const { inputs, probabilities } = golden(version);
  await eventually(30, async () => {
    const answer = await predict(host, at, inputs, { probabilities: true });
    expect(answer.status).toBe(200);
    for (const [row, expected] of probabilities.entries())
      for (const [label, probability] of expected.entries())
        expect(answer.body.probabilities[row][label]).toBeCloseTo(probability, 5);
  });
}
