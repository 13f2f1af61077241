// Work that can wait, a few pieces in each turn of the event loop: what is more urgent gets on in between.

export class FewPerTurn {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  /** @param most pieces of one turn */
  constructor(most: number) {
    this.#most = most;
  }

  /** Does it in a later turn, after all that were given before. */
  add(work: () => void): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const now = this.#waiting.splice(0, this.#most);
      this.#schedule();
      for (const work of now) work();
    });
  }
}
