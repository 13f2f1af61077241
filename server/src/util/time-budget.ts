/** A share of the time of this thread, for work that must not keep others from theirs. */
export class TimeBudget {
  readonly #share: number;
  readonly #mostMs: number;
  #leftMs: number;
  #seenAt = performance.now();

  /**
   * @param share of the time that passes
   * @param mostMs that can be saved up, in milliseconds
   */
  constructor(share: number, mostMs: number) {
    this.#share = share;
    this.#mostMs = mostMs;
    this.#leftMs = mostMs;
  }

  get isSpent(): boolean {
    const now = performance.now();
    this.#leftMs = Math.min(this.#mostMs, this.#leftMs + this.#share * (now - this.#seenAt));
    this.#seenAt = now;
    return this.#leftMs <= 0;
  }

  /** Does work, whatever is left, and counts what it takes. */
  spend<Result>(work: () => Result): Result {
    const startedAt = performance.now();
    try {
      return work();
    } finally {
      this.#leftMs -= performance.now() - startedAt;
    }
  }
}
