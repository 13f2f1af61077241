// How many rows a call asks about, as far as the length of its body and those before it tell: to know before it is read, which costs
// more, whether there is room for it.
import type { ServedModel } from '../serving/served-model.ts';

/** Rows, and bytes of the bodies that had them. */
interface Sizes {
  rows: number;
  bytes: number;
}

/** The share of what was learned that a new call leaves: about a hundred calls count. */
const REMEMBERED = 0.99;

/** For one form of bodies. */
export class ExpectedRows {
  readonly #sizes = new WeakMap<ServedModel, Sizes>();

  /** At least 1. */
  of(served: ServedModel, length: number): number {
    const { rows, bytes } = this.#sizesOf(served);
    return bytes === 0 ? 1 : Math.max(1, Math.floor((length * rows) / bytes));
  }

  /** From a call that was taken. */
  learn(served: ServedModel, length: number, rows: number): void {
    const sizes = this.#sizesOf(served);
    sizes.rows = REMEMBERED * sizes.rows + rows;
    sizes.bytes = REMEMBERED * sizes.bytes + length;
  }

  #sizesOf(served: ServedModel): Sizes {
    const known = this.#sizes.get(served);
    if (known !== undefined) return known;
    const none = { rows: 0, bytes: 0 };
    this.#sizes.set(served, none);
    return none;
  }
}
