// Why a call to a model came to nothing.
import { NonFiniteOutputError } from '../tensor/to-json.ts';
import { CallError } from '../util/call-error.ts';

/** The queue is full, or the call would wait for longer than its deadline allows. */
export class OverloadedError extends CallError {
  override readonly name = 'OverloadedError';
  override readonly code = 'queue-full';
  /** Whole seconds after which there will probably be room. */
  readonly retryAfterSeconds: number;

  constructor(reason: string, retryAfterSeconds: number) {
    super(`${reason}. Try again after ${retryAfterSeconds} s.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class DeadlineError extends CallError {
  override readonly name = 'DeadlineError';
  override readonly code = 'deadline-exceeded';

  constructor(timeoutMs: number) {
    super(
      `No prediction within ${timeoutMs} ms. Send fewer rows, or try again when there is less load.`,
    );
  }
}

/** The model is not there yet. */
export class LoadingError extends CallError {
  override readonly name = 'LoadingError';
  override readonly code = 'unavailable';
  /** Whole seconds after which it may be. */
  readonly retryAfterSeconds = 1;

  constructor() {
    super('The model is being loaded. Try again after 1 s.');
  }
}

/** Whoever called has gone: there is nobody to tell. */
export class CancelledError extends CallError {
  override readonly name = 'CancelledError';
  override readonly code = 'cancelled';
}

/** There is no such model, or no such version of it. */
export class NotFoundError extends CallError {
  override readonly name = 'NotFoundError';
  override readonly code = 'not-found';
  /** The message for callers who may not know what there is. */
  readonly discreet: string;

  /** @param there what there is in its place */
  constructor(missing: string, there?: string) {
    const discreet = `${missing}.`;
    super(there === undefined ? discreet : `${missing}; ${there}.`);
    this.discreet = discreet;
  }
}

/** There is such a model, but nothing serves it. */
export class NotServedError extends CallError {
  override readonly name = 'NotServedError';
  override readonly code = 'unavailable';
}

/** What was asked for would harm other calls. */
export class RefusedError extends CallError {
  override readonly name = 'RefusedError';
  override readonly code = 'invalid-input';
}

export class ModelFailureError extends CallError {
  override readonly name = 'ModelFailureError';
  override readonly code = 'model-failure';

  /** @param cause what the model, or the reading of its outputs, threw */
  constructor(cause: unknown) {
    super(
      cause instanceof NonFiniteOutputError
        ? cause.message
        : "The model could not be run on these inputs. The server's log has the cause under this request id.",
      { cause },
    );
  }
}
