// Admission: which requests may wait. A request is refused at once when it would wait for longer than its deadline allows,
// by the rows ahead of it and the rate at which the backlog goes; or when the queue holds too many rows or bytes.
import { OverloadedError } from '../errors.ts';
import type { DrainRate } from './drain-rate.ts';

export interface AdmissionLimits {
  /** Rows and bytes that may wait. */
  readonly queueMaxRows: number;
  readonly queueMaxBytes: () => number;
  /** Deadline of a request, from its arrival, in milliseconds. */
  readonly timeoutMs: number;
}

/** What waits and what runs at this moment. */
export interface Load {
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly runningRows: number;
}

export interface Admission {
  /** Rows that may wait now: fewer than the limit where they would wait for too long. */
  readonly queueLimitRows: number;
  /**
   * Why a request must not wait; undefined when it may.
   * @param timeoutMs its deadline, from now
   */
  refusal(load: Load, rows: number, bytes: number, timeoutMs: number): OverloadedError | undefined;
}

/** The share of the deadline that the predicted wait may take: the rest is for what a prediction cannot know. */
const ADMITTED_SHARE = 0.8;

export function createAdmission(
  { queueMaxRows, queueMaxBytes, timeoutMs }: AdmissionLimits,
  rate: DrainRate,
): Admission {
  return {
    get queueLimitRows() {
      return Math.min(queueMaxRows, Math.floor(ADMITTED_SHARE * timeoutMs * rate.rowsPerMs));
    },
    refusal({ queuedRows, queuedBytes, runningRows }, moreRows, moreBytes, deadlineMs) {
      // Where nothing waits, even a request larger than the queue is served.
      if (queuedRows === 0) return undefined;
      const waitMs = (queuedRows + runningRows + moreRows) / rate.rowsPerMs;
      const longestWaitMs = ADMITTED_SHARE * deadlineMs;
      if (waitMs > longestWaitMs) {
        const seconds = Math.max(1, Math.ceil((waitMs - longestWaitMs) / 1000));
        return new OverloadedError(
          `The wait would be about ${Math.ceil(waitMs)} ms; it may take ${longestWaitMs} ms of the deadline of ${deadlineMs} ms`,
          seconds,
        );
      }
      const drainSeconds = Math.max(1, Math.ceil(waitMs / 2000)); // until half of it has gone
      if (queuedRows + moreRows > queueMaxRows)
        return new OverloadedError(
          `${queuedRows} rows are waiting, and at most ${queueMaxRows} may wait`,
          drainSeconds,
        );
      const mostBytes = queueMaxBytes();
      if (queuedBytes + moreBytes > mostBytes)
        return new OverloadedError(
          `Requests of ${queuedBytes} bytes are waiting, and at most ${mostBytes} bytes may wait`,
          drainSeconds,
        );
      return undefined;
    },
  };
}
