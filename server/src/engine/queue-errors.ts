// Why a request was not run.

export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly limit: number;
  constructor(limit: number) {
    super(`${limit} rows are waiting, which is the limit`);
    this.limit = limit;
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
