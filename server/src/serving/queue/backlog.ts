// The requests that wait, in the order of their turns, and the batches that run: what the next run takes, and how many rows and
// bytes there are.
import type { Job } from './job.ts';
import { type Piece, Pieces } from './pieces.ts';

/** What one run takes: whole requests, or a piece of one. */
export type Batch =
  | { readonly kind: 'whole'; readonly jobs: readonly [Job, ...Job[]]; readonly rows: number }
  | {
      readonly kind: 'piece';
      readonly jobs: readonly [Job];
      readonly rows: number;
      readonly pieces: Pieces;
      readonly piece: Piece;
    };

export class Backlog {
  readonly #batching: boolean;
  // Arrays, not Sets: a busy Set leaves a trail of outgrown tables, each of which keeps the jobs it held from
  // being collected young; that cost a third of the throughput.
  readonly #queue: Job[] = [];
  readonly #running: Batch[] = [];
  #queuedRows = 0;
  #queuedBytes = 0;
  #runningRows = 0;

  /** @param batching whether requests may be put together and large ones taken apart */
  constructor(batching: boolean) {
    this.#batching = batching;
  }

  /** Rows that wait, those of requests that have begun, too. */
  get queuedRows(): number {
    return this.#queuedRows;
  }

  /** Bytes of the requests that wait, whole: a request keeps its memory until its last piece is taken. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get runningRows(): number {
    return this.#runningRows;
  }

  get isWaiting(): boolean {
    return this.#queue.length > 0;
  }

  get runs(): number {
    return this.#running.length;
  }

  /** All requests, those that run first; one that has pieces may be there several times. */
  get jobs(): Job[] {
    return [...this.#running.flatMap(({ jobs }) => jobs), ...this.#queue];
  }

  add(job: Job): void {
    this.#queue.push(job);
    this.#queuedRows += job.work.rows;
    this.#queuedBytes += job.bytes;
  }

  /** Takes a request out, if it waits. */
  remove(job: Job): void {
    const at = this.#queue.indexOf(job);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    this.#queuedRows -= job.pieces?.rowsLeft ?? job.work.rows;
    this.#queuedBytes -= job.bytes;
  }

  /**
   * Takes what the next run gets; undefined where nothing waits.
   * @param maxRows rows of one run, when batching
   */
  take(maxRows: number): Batch | undefined {
    const [first] = this.#queue;
    if (first === undefined) return undefined;
    const isPiece = this.#batching && (first.pieces || first.work.rows > maxRows);
    const batch = isPiece ? this.#takePiece(first, maxRows) : this.#takeWhole(first, maxRows);
    this.#queuedRows -= batch.rows;
    this.#runningRows += batch.rows;
    this.#running.push(batch);
    return batch;
  }

  /** A batch whose run is over. */
  ended(batch: Batch): void {
    this.#running.splice(this.#running.indexOf(batch), 1);
    this.#runningRows -= batch.rows;
  }

  #takePiece(first: Job, maxRows: number): Batch {
    this.#queue.shift();
    first.pieces ??= new Pieces(first.work);
    const { pieces } = first;
    const piece = pieces.take(maxRows);
    if (pieces.rowsLeft > 0)
      this.#queue.push(first); // others get their turn before its next piece
    else this.#queuedBytes -= first.bytes;
    return { kind: 'piece', jobs: [first], rows: piece.rows, pieces, piece };
  }

  /** The first and all after it that can go with it. */
  #takeWhole(first: Job, maxRows: number): Batch {
    let { rows } = first.work;
    let count = 1;
    if (this.#batching)
      for (; count < this.#queue.length; count++) {
        const next = this.#queue[count];
        if (next === undefined || next.key !== first.key || next.pieces) break;
        if (rows + next.work.rows > maxRows) break;
        rows += next.work.rows;
      }
    const [, ...others] = this.#queue.splice(0, count);
    this.#queuedBytes -= first.bytes;
    for (const { bytes } of others) this.#queuedBytes -= bytes;
    return { kind: 'whole', jobs: [first, ...others], rows };
  }
}
