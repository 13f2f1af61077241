// What chance allows: for tests that count what is random by design.

/**
 * The numbers of successes that so many independent trials have with at least the given confidence: the smallest and
 * the largest count outside of which each tail holds less than half of the rest. Exact, from the binomial
 * distribution's own terms.
 */
export function binomialInterval({
  trials,
  probability,
  confidence,
}: {
  readonly trials: number;
  readonly probability: number;
  readonly confidence: number;
}): [least: number, most: number] {
  const tail = (1 - confidence) / 2;
  let logTerm = trials * Math.log1p(-probability); // of 0 successes
  let cumulative = 0;
  let least = 0;
  for (let successes = 0; successes <= trials; successes++) {
    const below = cumulative;
    cumulative += Math.exp(logTerm);
    if (below < tail && cumulative >= tail) least = successes;
    if (cumulative >= 1 - tail) return [least, successes];
    logTerm +=
      Math.log((trials - successes) / (successes + 1)) + Math.log(probability / (1 - probability));
  }
  return [least, trials];
}
