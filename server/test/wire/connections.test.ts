// More connections than MAX_CONNECTIONS allows.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { collect } from '../program.ts';
import { LAST, predictorFor, readResponses, refusals, statuses } from './wire.ts';

const MAX = 300;
const predictor = predictorFor({ MAX_CONNECTIONS: String(MAX) });

it('connections beyond MAX_CONNECTIONS are closed as they come, and those before are served', async () => {
  const first = await predictor().open();
  const received = collect(first);
  const others = await Promise.all(Array.from({ length: MAX + 100 }, () => predictor().open()));
  for (const socket of others) socket.resume();
  const closed = () =>
    others.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length;
  await expect.poll(closed).toBeGreaterThanOrEqual(100);
  await sleep(200); // time to close more, if it did
  const refused = closed();
  expect(refused).toBeLessThan(MAX / 2 + 100);
  first.write(LAST);
  await expect.poll(() => statuses(readResponses(received.text))).toEqual([200]);
  for (const socket of [first, ...others]) socket.destroy();
  await predictor().expectUnharmed(); // there is room for a connection again
  expect(await refusals(predictor())).toMatchObject({ 'too-many-connections': refused });
});
