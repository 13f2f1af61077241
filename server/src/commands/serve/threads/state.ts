// What all threads of the process know at once: each may be asked by a probe.
import type { LogTallies } from '../../../observe/access-log.ts';
import type { State } from '../../../serving/lifecycle.ts';
import type { ShadowTallies } from '../../../traffic/shadow/shadow.ts';
import { TALLY_LENGTH } from '../../../util/rate-limit.ts';
import type { UnderWay } from './lines-under-way.ts';

/** The main thread's number. */
export const MAIN = 1;

const KINDS = ['starting', 'ready', 'draining'] as const;

/** Places in the shared memory. */
const KIND = 0;
const THREADS = 1;
/** How often a thread is said to be broken, by itself or by another. */
const BROKEN = 2;
/** Threads that did not respond when they were asked last. */
const SILENT = 3;
/** What limits of the process are counted by. */
const SUCCESSES = 4;
const FAILURES = SUCCESSES + TALLY_LENGTH;
const SHADOWED = FAILURES + TALLY_LENGTH;
const IN_SHADOW = SHADOWED + TALLY_LENGTH;
const LINES = IN_SHADOW + 1;
const CELLS = LINES + 1;

export class ProcessState {
  /** To be given to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  /** What was said on this thread: every response asks, and nearly none changes it. */
  readonly #broken = new Set<number>();

  /** @param memory of the process's, on its other threads */
  constructor(memory = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)) {
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

  /** Threads that did not respond when they were asked last. */
  get silent(): number {
    return Atomics.load(this.#cells, SILENT);
  }

  set silent(threads: number) {
    Atomics.store(this.#cells, SILENT, threads);
  }

  /** What is logged. */
  get logTallies(): LogTallies {
    return {
      successes: this.#tally(SUCCESSES, TALLY_LENGTH),
      failures: this.#tally(FAILURES, TALLY_LENGTH),
    };
  }

  /** Lines of the log that go to the main thread. */
  get linesUnderWay(): UnderWay {
    return this.#tally(LINES, 1);
  }

  /** What is shadowed. */
  get shadowTallies(): ShadowTallies {
    return {
      sampled: this.#tally(SHADOWED, TALLY_LENGTH),
      inFlight: this.#tally(IN_SHADOW, 1),
    };
  }

  #tally(at: number, length: number): Int32Array {
    return this.#cells.subarray(at, at + length);
  }
}

const broken: State = { kind: 'broken', reason: 'a serving thread cannot go on; the log says why' };
