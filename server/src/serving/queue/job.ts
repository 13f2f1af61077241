// One request on its way through the batcher.

import type { Outputs, Work } from '../../tensor/work.ts';
import type { Pieces } from './pieces.ts';

/** What came of one request, and where its time went, in milliseconds. */
export interface RunResult {
  /** The request's own rows of every output. */
  readonly outputs: Outputs;
  readonly queueMs: number;
  /** The time in which it, or at least one of its pieces, ran. */
  readonly inferenceMs: number;
}

export type Callback = (error: Error | undefined, result: RunResult | undefined) => void;

export interface Job {
  readonly work: Work;
  readonly callback: Callback;
  /** Requests of the same shape, which can be put together, have the same key. */
  readonly key: string;
  readonly bytes: number;
  readonly arrivedAt: number;
  /** Milliseconds that it may take, from its arrival. */
  readonly timeoutMs: number;
  startedAt: number;
  settled: boolean;
  /** Of a request that is larger than a run may be, once the first has been taken. */
  pieces: Pieces | undefined;
}
