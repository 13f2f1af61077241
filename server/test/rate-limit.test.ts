// What may be done a second, by one thread or by several that count together.
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { limiter, TALLY_LENGTH } from '../src/util/rate-limit.ts';

/** Calls for a while. @returns how many were admitted, and how many seconds of the clock that touched, at most */
function callFor(milliseconds: number, calls: readonly (() => number | undefined)[]) {
  const startedAt = performance.now();
  const results: (number | undefined)[] = [];
  while (performance.now() - startedAt < milliseconds)
    for (const call of calls) results.push(call());
  const admitted = results.filter((suppressed) => suppressed !== undefined);
  const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1;
  return { results, admitted, seconds };
}

it('admits as many as it may, and tells how many it did not since the last', () => {
  const { results, admitted, seconds } = callFor(1500, [limiter(3)]);
  expect(admitted.length).toBeGreaterThanOrEqual(3);
  expect(admitted.length).toBeLessThanOrEqual(3 * seconds);
  const told = admitted.reduce((sum, suppressed) => sum + suppressed, 0);
  const afterLast = results.length - 1 - results.findLastIndex((one) => one !== undefined);
  expect(told).toBe(results.length - admitted.length - afterLast);
});

it('admits all at 0', () => {
  const call = limiter(0);
  expect(Array.from({ length: 1000 }, call)).toEqual(Array(1000).fill(0));
});

it('admits no more than that by several that count together, and as many where only one calls', () => {
  const tally = new Int32Array(TALLY_LENGTH);
  const [busy, idle] = [limiter(2, tally), limiter(2, tally)];
  const together = callFor(2500, [busy, idle]);
  expect(together.admitted.length).toBeLessThanOrEqual(2 * together.seconds);
  const alone = callFor(2500, [busy]);
  expect(alone.admitted.length).toBeGreaterThanOrEqual(4);
});

it('counts exactly on threads that run at once', async () => {
  const tally = new Int32Array(new SharedArrayBuffer(TALLY_LENGTH * Int32Array.BYTES_PER_ELEMENT));
  const module = new URL('../src/util/rate-limit.ts', import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ limiter }) => {
      const call = limiter(1000, workerData);
      let admitted = 0;
      const until = performance.now() + 2000;
      while (performance.now() < until) if (call() !== undefined) admitted++;
      parentPort.postMessage(admitted);
    });`;
  const startedAt = performance.now();
  const counts = Array.from({ length: 2 }, () => {
    const worker = new Worker(code, { eval: true, workerData: tally });
    onTestFinished(() => void worker.terminate());
    return new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  const [one = 0, other = 0] = await Promise.all(counts);
  const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1;
  expect(one + other).toBeGreaterThanOrEqual(1000);
  expect(one + other).toBeLessThanOrEqual(1000 * seconds);
});
