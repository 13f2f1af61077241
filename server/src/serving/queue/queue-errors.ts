// Why a request was not run.

/** The queue is full, or the request would wait for longer than its deadline allows. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  /** Whole seconds after which there will probably be room. */
  readonly retryAfterSeconds: number;
  constructor(reason: string, retryAfterSeconds: number) {
    super(reason);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly timeoutMs: number;
  constructor(timeoutMs: number) {
    super(`no prediction within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}
