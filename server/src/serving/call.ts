// One call on its way, from its protocol to its run: what every part that works on it may know, and what it has come to.
import type { Model } from '../model/model.ts';
import type { Result } from '../model/prediction.ts';
import type { Work } from '../tensor/work.ts';

/** What came with a call beside its body, by its name in lower case: HTTP's headers, or gRPC's metadata. */
export type Metadata = Readonly<Record<string, string | readonly string[] | undefined>>;

export class Call {
  /** What it is called in responses and log lines. */
  readonly id: string;
  readonly metadata: Metadata;
  /** Milliseconds that whoever called will wait, where they said so: less than any call may take counts. */
  readonly timeoutMs: number | undefined;
  /** Rows that it asks predictions for; undefined before it has been read. */
  rows: number | undefined;
  /** Milliseconds waiting for a run, and in it. */
  queueMs: number | undefined;
  inferenceMs: number | undefined;
  /** Gives up its work. */
  onCancel: (() => void) | undefined;

  constructor(id: string, metadata: Metadata, timeoutMs?: number) {
    this.id = id;
    this.metadata = metadata;
    this.timeoutMs = timeoutMs;
    this.rows = undefined;
    this.queueMs = undefined;
    this.inferenceMs = undefined;
    this.onCancel = undefined;
  }

  /** Whoever called has gone: its work is given up. */
  cancel(): void {
    this.onCancel?.();
  }
}

/** A call whose inputs a model takes. Until it is run, its tensors are whole; then their memory may be another's. */
export interface AcceptedCall {
  readonly call: Call;
  readonly model: Model;
  readonly work: Work;
  /** The `inputs` that the tensors were made of, where the call had such. */
  readonly inputs: unknown;
  /** When it was accepted, by performance.now(). */
  readonly acceptedAt: number;
}

/** What happens to calls, and what comes with each event. */
export interface CallEvents {
  /** Its inputs fit the model, and it is about to wait for a run. */
  accepted: [call: AcceptedCall];
  /** It has its predictions. */
  succeeded: [call: AcceptedCall, result: Result];
  /** It has come to nothing. */
  failed: [call: AcceptedCall, error: unknown];
  /** The model has run: once for many calls, or many times for one. */
  ran: [model: Model, rows: number, milliseconds: number];
}

/** A method for each event. */
export type Listening<Events extends { [Event in keyof Events]: unknown[] }> = {
  [Event in keyof Events]: (...about: Events[Event]) => void;
};

/** What is told of calls. Many may hear of them: see observe/observer.ts. */
export type CallObserver = Listening<CallEvents>;
