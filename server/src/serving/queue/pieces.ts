// A request that is larger than one run may be: its rows go out in pieces, several of which may run at the same time.
import { rowsOf, type Tensors } from '../../tensor/tensor.ts';
import { checkRows, joinRows, mapTensors, type Work } from '../../tensor/work.ts';

export interface Piece {
  readonly index: number;
  readonly start: number;
  readonly rows: number;
}

export class Pieces {
  readonly #work: Work;
  /** In the order of their rows, with holes for pieces that have not ended. */
  readonly #outputs: Tensors[] = [];
  #taken = 0;
  #rowsTaken = 0;
  #rowsDone = 0;
  #running = 0;
  /** When the first of those that run now began. */
  #runningSince = 0;
  #inferenceMs = 0;

  constructor(work: Work) {
    this.#work = work;
  }

  get rowsLeft(): number {
    return this.#work.rows - this.#rowsTaken;
  }

  get done(): boolean {
    return this.#rowsDone === this.#work.rows;
  }

  /** The time in which at least one piece ran, in milliseconds: what the client waited for, however many ran at once. */
  get inferenceMs(): number {
    return this.#inferenceMs;
  }

  take(maxRows: number): Piece {
    const rows = Math.min(this.rowsLeft, maxRows);
    const piece = { index: this.#taken++, start: this.#rowsTaken, rows };
    this.#rowsTaken += rows;
    return piece;
  }

  /** @throws what the run throws, and Error when its outputs are not those of the piece's rows */
  async run(
    { index, start, rows }: Piece,
    runTensors: (feeds: Tensors, rows: number) => Promise<Tensors>,
  ): Promise<void> {
    if (this.#running++ === 0) this.#runningSince = performance.now();
    try {
      const feeds = mapTensors(this.#work.feeds, (tensor) => rowsOf(tensor, start, start + rows));
      const outputs = await runTensors(feeds, rows);
      checkRows(outputs, rows);
      this.#outputs[index] = outputs;
      this.#rowsDone += rows;
    } finally {
      if (--this.#running === 0) this.#inferenceMs += performance.now() - this.#runningSince;
    }
  }

  /** @returns undefined where the outputs of the pieces are not equally wide */
  join(): Tensors | undefined {
    const [first = {}] = this.#outputs;
    const widthOf = (outputs: Tensors, name: string) => outputs[name]?.dims.slice(1).join();
    for (const name in first)
      if (this.#outputs.some((one) => widthOf(one, name) !== widthOf(first, name)))
        return undefined;
    return joinRows(this.#outputs);
  }
}
