// Where runs happen. Two kinds: inline on the main thread for models of microseconds, where a hop to another
// thread would cost more than the run; a pool of worker threads for the rest, so that a run blocks nobody.
import type { Tensors } from '../tensor/tensor.ts';
import type { Signature } from './signature.ts';

export interface Engine {
  readonly kind: 'inline' | 'workers';
  readonly signature: Signature;
  /** Worker threads; 0 for inline. */
  readonly workers: number;
  /** Threads within one run. */
  readonly intraOpThreads: number;
  /** Runs that make progress at the same time. */
  readonly concurrency: number;
  /** Why the engine can no longer do all its work, when it cannot: only a restart helps then. */
  failure(): string | undefined;
  /** Runs the model; the memory of the feeds may be handed over, and is then empty. Rejects when the model fails on these tensors. */
  run(feeds: Tensors): Promise<Tensors>;
  /** Waits for the runs in progress and frees the model. */
  close(): Promise<void>;
}
