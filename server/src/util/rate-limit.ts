/**
 * Admits `perSecond` calls a second; all when it is 0.
 * @param sharedBy how many threads admit that many together
 * @returns how many were not admitted since the last that was, or undefined when this one is not
 */
export function limiter(perSecond: number, sharedBy: () => number): () => number | undefined {
  if (perSecond === 0) return () => 0;
  let second = 0;
  let admitted = 0;
  let suppressed = 0;
  return () => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      second = now;
      admitted = 0;
    }
    if (admitted >= perSecond / sharedBy()) {
      suppressed++;
      return undefined;
    }
    admitted++;
    const missed = suppressed;
    suppressed = 0;
    return missed;
  };
}
