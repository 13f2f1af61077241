// What all threads of the process know at once: each may be asked by a probe.
import type { State } from '../../../serving/lifecycle.ts';

const KINDS = ['starting', 'ready', 'draining'] as const;

/** Places in the shared memory. */
const KIND = 0;
const BROKEN = 1;
const THREADS = 2;

export class ProcessState {
  /** To be given to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** @param memory of the process's, on its other threads */
  constructor(memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
    Atomics.compareExchange(this.#cells, THREADS, 0, 1);
  }

  get current(): State {
    if (Atomics.load(this.#cells, BROKEN) === 1) return broken;
    return { kind: KINDS[Atomics.load(this.#cells, KIND)] ?? 'starting' };
  }

  become(kind: (typeof KINDS)[number]): void {
    Atomics.store(this.#cells, KIND, KINDS.indexOf(kind));
  }

  /** One of the threads can no longer do its work: the probes fail at all of them. */
  break(): void {
    Atomics.store(this.#cells, BROKEN, 1);
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
