// What all threads of the process know at once: each may be asked by a probe.
import type { State } from '../../../serving/lifecycle.ts';

const KINDS = ['starting', 'ready', 'draining'] as const;

/** Most threads that there may be. */
export const MOST_THREADS = 64;

/** Places in the shared memory; after them is whether each thread is broken. */
const KIND = 0;
const THREADS = 1;
const BROKEN = 2;

export class ProcessState {
  /** To be given to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** @param memory of the process's, on its other threads */
  constructor(
    memory = new SharedArrayBuffer((BROKEN + MOST_THREADS + 1) * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
    Atomics.compareExchange(this.#cells, THREADS, 0, 1);
  }

  get current(): State {
    if (this.#cells.includes(1, BROKEN)) return broken;
    return { kind: KINDS[Atomics.load(this.#cells, KIND)] ?? 'starting' };
  }

  become(kind: (typeof KINDS)[number]): void {
    Atomics.store(this.#cells, KIND, KINDS.indexOf(kind));
  }

  /** Notes of a thread whether it can no longer do its work: then the probes fail at all of them. */
  tell(thread: number, isBroken: boolean): void {
    Atomics.store(this.#cells, BROKEN + thread, Number(isBroken));
  }

  /** Threads that serve requests. */
  get threads(): number {
    return Atomics.load(this.#cells, THREADS);
  }

  set threads(threads: number) {
    Atomics.store(this.#cells, THREADS, threads);
  }
}

const broken: State = { kind: 'broken', reason: 'a serving thread cannot go on; the log says why' };
