// Micro-batching without delay: what arrived while a run was busy goes out as one run. A request gets exactly its own
// rows; when a batched run fails, its requests are run again alone, so that one fails alone. A large request is run in
// pieces, between which others get their turn. Work whose request has ended is given up.

import type { Engine } from '../../runtime/engine.ts';
import { bytesOf, type Tensors } from '../../tensor/tensor.ts';
import { checkRows, joinRows, Outputs, type Work } from '../../tensor/work.ts';
import { CancelledError, DeadlineError, type OverloadedError } from '../errors.ts';
import { createAdmission } from './admission.ts';
import { Backlog, type Batch } from './backlog.ts';
import { DrainRate, type Pace } from './drain-rate.ts';
import type { Callback, Job, RunResult } from './job.ts';
import { createRunSize } from './run-size.ts';

export interface BatcherOptions {
  /** Whether requests may be put together and large ones taken apart. */
  readonly batching: boolean;
  /** Rows of one run, when batching. */
  readonly batchMaxRows: number;
  /** Rows and bytes that may wait. */
  readonly queueMaxRows: number;
  readonly queueMaxBytes: () => number;
  /** Deadline of a request that has none of its own that is earlier, from its arrival, in milliseconds. */
  readonly timeoutMs: number;
  /** How fast the model took rows in when it was tried: what the first prediction of a wait is made from. */
  readonly pace: Pace | undefined;
  /** Told after every run: its rows and its duration in milliseconds. */
  readonly onRun: (rows: number, durationMs: number) => void;
  /** Told of an error that a callback threw: it harms neither the other requests of the run nor the process. */
  readonly onFault: (error: unknown) => void;
}

export interface Batcher {
  /** Rows that wait for a run, and that may. */
  readonly queuedRows: number;
  readonly queueLimitRows: number;
  /** Why a request of so many rows would be refused now; undefined when it would not. */
  overload(rows: number): OverloadedError | undefined;
  /**
   * Runs one request.
   * @param timeoutMs what it may take from now on, where that is less than any request may
   * @param callback called once, with what became of it
   * @returns a function that gives the request up: it leaves the queue, and the callback gets a CancelledError
   */
  submit(work: Work, timeoutMs: number | undefined, callback: Callback): () => void;
  /** Stops the deadline timer. Requests still waiting are not answered any more. */
  close(): void;
}

/** How often deadlines are looked at, as a share of the timeout: a request may be late by this much. */
const DEADLINE_CHECKS_PER_TIMEOUT = 20;

/** The share of the deadline that one run may take: a longer one would keep others from their turn. */
const RUN_SHARE = 0.05;

/** The share of the deadline that the rate is measured over, from which waits are predicted that may be ten times as long. */
const RATE_SHARE = 0.1;

export function createBatcher(engine: Engine, options: BatcherOptions): Batcher {
  const { batching, batchMaxRows, timeoutMs, pace } = options;
  const rate = new DrainRate(RATE_SHARE * timeoutMs, pace, engine.concurrency);
  const admission = createAdmission(options, rate);
  const runSize = createRunSize(batchMaxRows, RUN_SHARE * timeoutMs, pace);
  const backlog = new Backlog(batching);
  let scheduled = false;

  const settle = (job: Job, error: Error | undefined, result?: RunResult) => {
    if (job.settled) return;
    job.settled = true;
    try {
      job.callback(error, result);
    } catch (fault) {
      options.onFault(fault);
    }
  };

  const giveUp = (job: Job, error: Error) => {
    backlog.remove(job);
    settle(job, error);
  };

  const deadlineTimer = setInterval(
    () => {
      const now = performance.now();
      for (const job of backlog.jobs)
        if (now - job.arrivedAt >= job.timeoutMs) giveUp(job, new DeadlineError(job.timeoutMs));
    },
    Math.max(1, options.timeoutMs / DEADLINE_CHECKS_PER_TIMEOUT),
  ).unref();

  /** @param rowsIfFailed rows that are done with, where the run fails */
  const runTensors = async (
    feeds: Tensors,
    rows: number,
    rowsIfFailed = rows,
  ): Promise<Tensors> => {
    const startedAt = performance.now();
    const saturated = backlog.isWaiting;
    let rowsGone = rowsIfFailed;
    rate.began(startedAt, saturated);
    try {
      const outputs = await engine.run(feeds);
      rowsGone = rows;
      const durationMs = performance.now() - startedAt;
      options.onRun(rows, durationMs);
      if (saturated) runSize.ran(rows, durationMs);
      return outputs;
    } finally {
      rate.ended(performance.now(), rowsGone, backlog.isWaiting);
    }
  };

  const runAlone = async (job: Job) => {
    if (job.settled) return;
    const startedAt = performance.now();
    try {
      const outputs = await runTensors(job.work.feeds, job.work.rows);
      settle(job, undefined, resultOf(job, new Outputs(outputs), performance.now() - startedAt));
    } catch (error) {
      settle(job, asError(error));
    }
  };

  const runPiece = async ({ jobs: [job], pieces, piece }: Batch & { kind: 'piece' }) => {
    try {
      await pieces.run(piece, runTensors);
    } catch (error) {
      return giveUp(job, asError(error));
    }
    if (!pieces.done || job.settled) return;
    const outputs = pieces.join();
    // How wide an output is depends on the rows that run together: only all of them give what is asked for.
    if (outputs === undefined) return runAlone(job);
    settle(job, undefined, resultOf(job, new Outputs(outputs), pieces.inferenceMs));
  };

  const runTogether = async (jobs: readonly Job[], rows: number) => {
    const startedAt = performance.now();
    let outputs: Tensors;
    try {
      outputs = await runTensors(joinRows(jobs.map((job) => job.work.feeds)), rows, 0);
      checkRows(outputs, rows);
    } catch {
      // Whose fault it was shows when each is run alone.
      for (const job of jobs) await runAlone(job);
      return;
    }
    const inferenceMs = performance.now() - startedAt;
    let row = 0;
    for (const job of jobs) {
      const start = row;
      row += job.work.rows;
      settle(job, undefined, resultOf(job, new Outputs(outputs, start, row), inferenceMs));
    }
  };

  const run = (batch: Batch): Promise<void> => {
    if (batch.kind === 'piece') return runPiece(batch);
    const [first, second] = batch.jobs;
    return second === undefined ? runAlone(first) : runTogether(batch.jobs, batch.rows);
  };

  const finish = async (batch: Batch) => {
    try {
      await run(batch);
    } finally {
      backlog.ended(batch);
      schedule();
    }
  };

  const start = () => {
    scheduled = false;
    while (backlog.runs < engine.concurrency) {
      const batch = backlog.take(runSize.rows);
      if (batch === undefined) {
        if (backlog.runs === 0) rate.paused();
        return;
      }
      const now = performance.now();
      for (const job of batch.jobs) job.startedAt ||= now;
      void finish(batch);
    }
  };

  /** Starts runs after the requests that arrived in this turn of the event loop have been read. */
  const schedule = () => {
    if (scheduled || backlog.runs >= engine.concurrency || !backlog.isWaiting) return;
    scheduled = true;
    setImmediate(start);
  };

  return {
    get queuedRows() {
      return backlog.queuedRows;
    },
    get queueLimitRows() {
      return admission.queueLimitRows;
    },
    overload: (rows) => admission.refusal(backlog, rows, 0, options.timeoutMs),
    submit(work, wantedMs = Infinity, callback) {
      const timeoutMs = Math.min(wantedMs, options.timeoutMs);
      const bytes = bytesOf(work.feeds);
      const refusal = admission.refusal(backlog, work.rows, bytes, timeoutMs);
      if (refusal !== undefined) {
        callback(refusal, undefined);
        return () => {};
      }
      const job: Job = {
        work,
        callback,
        key: batching ? keyOf(work.feeds) : '',
        bytes,
        arrivedAt: performance.now(),
        timeoutMs,
        startedAt: 0,
        settled: false,
        pieces: undefined,
      };
      backlog.add(job);
      schedule();
      return () => giveUp(job, new CancelledError('the client went away'));
    },
    close: () => clearInterval(deadlineTimer),
  };
}

function resultOf(job: Job, outputs: Outputs, inferenceMs: number): RunResult {
  return { outputs, queueMs: job.startedAt - job.arrivedAt, inferenceMs };
}

/** The names with the dimensions after the rows: requests that agree in them can be put together. */
function keyOf(feeds: Tensors): string {
  let key = '';
  for (const name in feeds) key += `${name}:${feeds[name]?.dims.slice(1)};`;
  return key;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
