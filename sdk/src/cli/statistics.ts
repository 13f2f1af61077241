// How sure one can be of what was counted.

const Z_95 = 1.959963984540054;

/** A count among others, with its 95 % interval; shares from 0 to 1. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  readonly interval: readonly [low: number, high: number];
}

export function shareOf(count: number, of: number): Share {
  return { count, of, share: of === 0 ? 0 : count / of, interval: wilsonInterval(count, of) };
}

/**
 * Wilson's score interval of a share, at 95 %: right also for few trials and for shares near 0 and 1.
 * Wilson 1927; recommended by Brown, Cai & DasGupta 2001, "Interval estimation for a binomial proportion".
 * @returns bounds from 0 to 1
 */
export function wilsonInterval(successes: number, trials: number): [low: number, high: number] {
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const z2 = Z_95 ** 2;
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half =
    (Z_95 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * McNemar's test, exact: how likely chance alone makes two models, asked the same rows, differ in accuracy by as much.
 * McNemar 1947; the exact form is the sign test of the rows that only one of them got right.
 * @returns the two-sided p value
 */
export function mcnemar(onlyOneRight: number, onlyOtherRight: number): number {
  const trials = onlyOneRight + onlyOtherRight;
  const fewer = Math.min(onlyOneRight, onlyOtherRight);
  let logTerm = -trials * Math.LN2; // of 0 among so many, each with probability 1/2
  let tail = 0;
  for (let count = 0; count <= fewer; count++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((trials - count) / (count + 1));
  }
  return Math.min(1, 2 * tail);
}

/** The smallest value that at least this share of them does not exceed (nearest rank); undefined where there are none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
