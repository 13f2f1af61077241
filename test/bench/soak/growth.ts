// Whether something that is sampled grows: the slope of its lowest values, with a confidence interval.
import { linearRegression, min, probit } from 'simple-statistics';

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export interface Growth {
  /** The fitted value at the start, and by how much it grew until the end, with the bounds of its confidence interval. */
  readonly from: number;
  readonly by: number;
  readonly low: number;
  readonly high: number;
}

/** Memory is a sawtooth: what is kept shows in the lowest value of each of so many stretches of time. */
const STRETCHES = 20;
/** Of the interval: one run in 200 without growth has all of it above zero. */
const CONFIDENCE = 0.99;

/** @throws RangeError where there are fewer samples than stretches */
export function growthOf(samples: readonly Sample[]): Growth {
  if (samples.length < STRETCHES)
    throw new RangeError(`expected at least ${STRETCHES} samples, got ${samples.length}`);
  const lowest = Array.from({ length: STRETCHES }, (_, i) =>
    min(
      samples
        .slice(
          Math.floor((i * samples.length) / STRETCHES),
          Math.floor(((i + 1) * samples.length) / STRETCHES),
        )
        .map(({ value }) => value),
    ),
  );
  const { m: slope, b: from } = linearRegression(lowest.map((value, i) => [i, value]));
  const residuals = lowest.map((value, i) => value - (from + slope * i));
  const free = STRETCHES - 2;
  const variance = residuals.reduce((sum, residual) => sum + residual ** 2, 0) / free;
  const spread = (STRETCHES * (STRETCHES ** 2 - 1)) / 12; // of 0 … STRETCHES - 1 around their mean
  const margin = studentQuantile((1 + CONFIDENCE) / 2, free) * Math.sqrt(variance / spread);
  const whole = STRETCHES - 1;
  return {
    from,
    by: slope * whole,
    low: (slope - margin) * whole,
    high: (slope + margin) * whole,
  };
}

/** Whether all of the interval is above zero, and the growth more than what is allowed. */
export function grows({ by, low }: Growth, allowed: number): boolean {
  return low > 0 && by > allowed;
}

/** Student's t by its expansion around the normal quantile: Abramowitz and Stegun, 26.7.5; exact to 0.3 % from 10 on. */
function studentQuantile(share: number, free: number): number {
  const z = probit(share);
  return (
    z +
    (z ** 3 + z) / (4 * free) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * free ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * free ** 3)
  );
}
