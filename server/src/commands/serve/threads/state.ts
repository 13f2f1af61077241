// What all threads of the process know at once: each may be asked by a probe.
import type { State } from '../../../serving/lifecycle.ts';

const KINDS = ['starting', 'ready', 'draining'] as const;

/** Places in the shared memory. */
const KIND = 0;
const THREADS = 1;
/** How often a thread is said to be broken, by itself or by another. */
const BROKEN = 2;

export class ProcessState {
  /** To be given to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  /** What was said on this thread: every response asks, and nearly none changes it. */
  readonly #broken = new Set<number>();

  /** @param memory of the process's, on its other threads */
  constructor(memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
    Atomics.compareExchange(this.#cells, THREADS, 0, 1);
  }

  get current(): State {
    if (Atomics.load(this.#cells, BROKEN) > 0) return broken;
    return { kind: KINDS[Atomics.load(this.#cells, KIND)] ?? 'starting' };
  }

  become(kind: (typeof KINDS)[number]): void {
    Atomics.store(this.#cells, KIND, KINDS.indexOf(kind));
  }

  /** Notes of a thread whether it can no longer do its work: then the probes fail at all of them. */
  tell(thread: number, isBroken: boolean): void {
    if (this.#broken.has(thread) === isBroken) return;
    if (isBroken) this.#broken.add(thread);
    else this.#broken.delete(thread);
    Atomics.add(this.#cells, BROKEN, isBroken ? 1 : -1);
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
