// How fast a backlog goes: the rows that left it while something waited, with or without a prediction, over the time that this took, with all that the
// process did between the runs. About the last tenth of a deadline counts, and ten runs at least: a pod that has used its
// CPU quota up stands still for some tens of milliseconds, and the few runs around that tell nothing of the next seconds.

/** Rows that one run takes in, and the time that it takes. */
export interface Pace {
  readonly rows: number;
  readonly milliseconds: number;
}

/** The least of the past that a new interval leaves: about ten intervals count. */
const LEAST_KEPT = 0.9;

export class DrainRate {
  readonly #windowMs: number;
  #rows = 0;
  #milliseconds = 0;
  /** Since when rows are counted, by performance.now(); undefined while nothing waits. */
  #since: number | undefined;

  /**
   * @param windowMs time that counts, in milliseconds
   * @param pace what is known at the start; counts as if it had been seen for the whole window
   * @param concurrency runs that make progress at the same time
   */
  constructor(windowMs: number, pace: Pace | undefined, concurrency: number) {
    this.#windowMs = windowMs;
    if (pace === undefined) return;
    this.#milliseconds = Math.max(pace.milliseconds, windowMs);
    this.#rows = (concurrency * pace.rows * this.#milliseconds) / pace.milliseconds;
  }

  /** Infinity where nothing is known: no row has left the backlog. */
  get rowsPerMs(): number {
    return this.#rows === 0 ? Infinity : this.#rows / this.#milliseconds;
  }

  /** A run begins. Where it leaves nothing waiting, its time tells little: a lone row takes nearly as long as a full batch. */
  began(now: number, isWaiting: boolean): void {
    this.#since = isWaiting ? (this.#since ?? now) : undefined;
  }

  /** A run ended. @param rows that left the backlog with it: none where they are to be run again */
  ended(now: number, rows: number, isWaiting: boolean): void {
    if (this.#since !== undefined) {
      const interval = now - this.#since;
      const kept = Math.max(LEAST_KEPT, Math.exp(-interval / this.#windowMs));
      this.#rows = kept * this.#rows + rows;
      this.#milliseconds = kept * this.#milliseconds + interval;
    }
    this.#since = isWaiting ? now : undefined;
  }

  /** What waited has gone without a run. */
  paused(): void {
    this.#since = undefined;
  }
}
