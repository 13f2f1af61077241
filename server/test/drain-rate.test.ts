// From what the rate of a backlog is known, and what does not mislead it.
import { expect, it } from 'vitest';
import { DrainRate } from '../src/serving/queue/drain-rate.ts';

const WINDOW_MS = 1000;

/** Works off a backlog without end by runs of so many rows, which take so long one after the other. */
function work(rate: DrainRate, runs: number, rows: number, msOf: (run: number) => number): void {
  let now = 5000;
  for (let run = 0; run < runs; run++) {
    rate.began(now, true);
    now += msOf(run);
    rate.ended(now, rows, true);
  }
}

it('is unknown, so nothing is too much, before any row was done', () => {
  const rate = new DrainRate(WINDOW_MS, undefined, 1);
  expect(rate.rowsPerMs).toBe(Infinity);
  work(rate, 10, 0, () => 5);
  expect(rate.rowsPerMs).toBe(Infinity);
});

it('is that of the trial runs at first, of all that may run at once', () => {
  expect(new DrainRate(WINDOW_MS, { rows: 64, milliseconds: 4 }, 2).rowsPerMs).toBeCloseTo(32);
});

it('follows what happens within about a window', () => {
  const rate = new DrainRate(WINDOW_MS, { rows: 64, milliseconds: 1 }, 1);
  work(rate, 400, 64, () => 10);
  expect(rate.rowsPerMs).toBeGreaterThan(6.4);
  expect(rate.rowsPerMs).toBeLessThan(8);
});

it('follows runs that are longer than a window within some tens of them', () => {
  const rate = new DrainRate(WINDOW_MS, { rows: 1, milliseconds: 1000 }, 1);
  work(rate, 40, 1, () => 4000);
  expect(rate.rowsPerMs).toBeGreaterThan(1 / 4000);
  expect(rate.rowsPerMs).toBeLessThan(1 / 3900);
});

it.each([50, 100])(
  'hardly heeds a pause of %i ms, as of a pod that used its CPU quota up',
  (pause) => {
    const rate = new DrainRate(WINDOW_MS, { rows: 64, milliseconds: 0.1 }, 1);
    work(rate, 3, 64, (run) => (run === 1 ? pause : 0.1));
    expect(rate.rowsPerMs).toBeGreaterThan(0.85 * 640);
  },
);

it('counts what the process does between runs', () => {
  const rate = new DrainRate(WINDOW_MS, undefined, 1);
  for (let now = 0; now < 5000; now += 10) {
    rate.began(now + 8, true);
    rate.ended(now + 10, 20, true);
  }
  expect(rate.rowsPerMs).toBeCloseTo(2, 1);
});

it('does not count idle time, whether the last run took all, failed, or what waited went away', () => {
  const rate = new DrainRate(WINDOW_MS, undefined, 1);
  work(rate, 100, 10, () => 10);
  rate.began(7000, false);
  rate.ended(7010, 1, false);
  work(rate, 1, 10, () => 10);
  rate.ended(5010, 0, false);
  expect(rate.rowsPerMs).toBeCloseTo(1);
  work(rate, 1, 10, () => 10);
  rate.paused();
  rate.began(1e9, true);
  rate.ended(1e9 + 10, 10, true);
  expect(rate.rowsPerMs).toBeCloseTo(1);
});

it('counts the time of runs that did no row', () => {
  const rate = new DrainRate(WINDOW_MS, undefined, 1);
  for (let run = 0; run < 200; run++) {
    rate.began(5 * run, true);
    rate.ended(5 * run + 5, run % 2 === 0 ? 10 : 0, true);
  }
  expect(rate.rowsPerMs).toBeCloseTo(1, 1);
});
