// Admission: which requests may wait. A request is refused at once when it would wait for longer than its deadline allows,
// by the rows ahead of it and the rate at which such a backlog was worked off; or when the queue holds too many rows or bytes.
import { OverloadedError } from './queue-errors.ts';

export interface AdmissionLimits {
  /** Rows and bytes that may wait. */
  readonly queueMaxRows: number;
  readonly queueMaxBytes: number;
  /** Deadline of a request, from its arrival, in milliseconds. */
  readonly timeoutMs: number;
  /** Runs that make progress at the same time. */
  readonly concurrency: number;
  /** What is known at the start of how fast a backlog goes. */
  readonly pace: Pace | undefined;
}

/** Rows that one run takes in, and the time that it takes. */
export interface Pace {
  readonly rows: number;
  readonly milliseconds: number;
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
  /** Learns from a run, of which `saturated` says that more was waiting than it could take. */
  ran(rows: number, durationMs: number, saturated: boolean): void;
  /** Why a request must not wait; undefined when it may. */
  refusal(load: Load, rows: number, bytes: number): OverloadedError | undefined;
}

/** The share of the deadline that the predicted wait may take: the rest is for what a prediction cannot know. */
const ADMITTED_SHARE = 0.8;
/** How much of the past each new run leaves: about ten runs count. */
const DECAY = 0.9;

export function createAdmission(limits: AdmissionLimits): Admission {
  const { queueMaxRows, queueMaxBytes, timeoutMs, concurrency, pace } = limits;
  const longestWaitMs = ADMITTED_SHARE * timeoutMs;
  // Only saturated runs tell how fast a backlog goes: a lone row takes nearly as long as a full batch.
  let rows = pace?.rows ?? 0;
  let milliseconds = pace?.milliseconds ?? 0;

  const rowsPerMs = () => (milliseconds === 0 ? Infinity : (concurrency * rows) / milliseconds);

  return {
    get queueLimitRows() {
      return Math.min(queueMaxRows, Math.floor(longestWaitMs * rowsPerMs()));
    },
    ran(ranRows, durationMs, saturated) {
      if (!saturated) return;
      rows = DECAY * rows + ranRows;
      milliseconds = DECAY * milliseconds + durationMs;
    },
    refusal({ queuedRows, queuedBytes, runningRows }, moreRows, moreBytes) {
      // Where nothing waits, even a request larger than the queue is served.
      if (queuedRows === 0) return undefined;
      const waitMs = (queuedRows + runningRows + moreRows) / rowsPerMs();
      if (waitMs > longestWaitMs) {
        const seconds = Math.max(1, Math.ceil((waitMs - longestWaitMs) / 1000));
        return new OverloadedError(
          `The wait would be about ${Math.ceil(waitMs)} ms; it may take ${longestWaitMs} ms of the deadline of ${timeoutMs} ms`,
          seconds,
        );
      }
      const drainSeconds = Math.max(1, Math.ceil(waitMs / 2000)); // until half of it has gone
      if (queuedRows + moreRows > queueMaxRows)
        return new OverloadedError(
          `${queuedRows} rows are waiting, and at most ${queueMaxRows} may`,
          drainSeconds,
        );
      if (queuedBytes + moreBytes > queueMaxBytes)
        return new OverloadedError(
          `Requests of ${queuedBytes} bytes are waiting, and at most ${queueMaxBytes} bytes may`,
          drainSeconds,
        );
      return undefined;
    },
  };
}
