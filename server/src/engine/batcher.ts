// Micro-batching without delay: what arrived while a run was busy goes out as one run. A request gets exactly its own
// rows; when a batched run fails, its requests are run again alone, so that one fails alone. A large request is run in
// pieces, between which others get their turn. Work whose request has ended is given up.
import { bytesOf, rowsOf, type Tensors } from '../tensor/tensor.ts';
import { type Admission, createAdmission, type Pace } from './admission.ts';
import type { Engine } from './engine.ts';
import { CancelledError, DeadlineError, type OverloadedError } from './queue-errors.ts';
import { checkRows, joinRows, mapTensors, Outputs, type Work } from './work.ts';

export interface BatcherOptions {
  /** Whether requests may be put together and large ones taken apart. */
  readonly batching: boolean;
  /** Rows of one run, when batching. */
  readonly batchMaxRows: number;
  /** Rows and bytes that may wait. */
  readonly queueMaxRows: number;
  readonly queueMaxBytes: number;
  /** Deadline of a request, from its arrival, in milliseconds. */
  readonly timeoutMs: number;
  /** How fast the model took rows in when it was tried: what the first prediction of a wait is made from. */
  readonly pace: Pace | undefined;
  /** Told after every run: its rows and its duration in milliseconds. */
  readonly onRun: (rows: number, durationMs: number) => void;
  /** Told of an error that a callback threw: it harms neither the other requests of the run nor the process. */
  readonly onFault: (error: unknown) => void;
}

/** What became of one request, and where its time went, in milliseconds. */
export interface Answer {
  /** The request's own rows of every output. */
  readonly outputs: Outputs;
  readonly queueMs: number;
  readonly inferenceMs: number;
}

export interface Batcher {
  /** Rows that wait for a run, and that may. */
  readonly queuedRows: number;
  readonly queueLimitRows: number;
  /** Why a request of one row would be refused now; undefined when it would not. */
  overload(): OverloadedError | undefined;
  /**
   * Runs one request.
   * @param callback called once, with what became of it
   * @returns a function that gives the request up: it leaves the queue, and the callback gets a CancelledError
   */
  submit(work: Work, callback: Callback): () => void;
  /** Stops the deadline timer. Requests still waiting are not answered any more. */
  close(): void;
}
export type Callback = (error: Error | undefined, answer: Answer | undefined) => void;

interface Job {
  readonly work: Work;
  readonly callback: Callback;
  /** Requests of the same shape, which can be put together, have the same key. */
  readonly key: string;
  readonly bytes: number;
  readonly arrivedAt: number;
  startedAt: number;
  settled: boolean;
  /** Rows that have been given to runs, of a request that is run in pieces. */
  rowsTaken: number;
  /** What the pieces gave, in the order of their rows. */
  readonly pieces: Tensors[];
  rowsDone: number;
  inferenceMs: number;
}

/** What one run takes: whole requests, or a piece of one. */
type Batch =
  | { readonly kind: 'whole'; readonly jobs: readonly [Job, ...Job[]]; readonly rows: number }
  | {
      readonly kind: 'piece';
      readonly jobs: readonly [Job];
      readonly rows: number;
      readonly start: number;
      readonly index: number;
    };

/** How often deadlines are looked at, as a share of the timeout: a request may be late by this much. */
const DEADLINE_CHECKS_PER_TIMEOUT = 20;

export function createBatcher(engine: Engine, options: BatcherOptions): Batcher {
  const { batching, batchMaxRows } = options;
  const admission: Admission = createAdmission({ ...options, concurrency: engine.concurrency });
  const queue: Job[] = [];
  // Arrays, not Sets: a busy Set leaves a trail of outgrown tables, each of which keeps the jobs it held from
  // being collected young; that cost a third of the throughput.
  const running: Batch[] = [];
  const backlog = { queuedRows: 0, queuedBytes: 0, runningRows: 0 };
  let scheduled = false;

  const settle = (job: Job, error: Error | undefined, answer?: Answer) => {
    if (job.settled) return;
    job.settled = true;
    try {
      job.callback(error, answer);
    } catch (fault) {
      options.onFault(fault);
    }
  };

  const leaveQueue = (job: Job) => {
    const at = queue.indexOf(job);
    if (at < 0) return;
    queue.splice(at, 1);
    backlog.queuedRows -= job.work.rows - job.rowsTaken;
    backlog.queuedBytes -= job.bytes;
  };

  const giveUp = (job: Job, error: Error) => {
    leaveQueue(job);
    settle(job, error);
  };

  const deadlineTimer = setInterval(
    () => {
      const oldest = performance.now() - options.timeoutMs;
      for (const job of [...running.flatMap(({ jobs }) => jobs), ...queue])
        if (job.arrivedAt <= oldest) giveUp(job, new DeadlineError(options.timeoutMs));
    },
    Math.max(1, options.timeoutMs / DEADLINE_CHECKS_PER_TIMEOUT),
  ).unref();

  /** Takes the oldest request and all that can go with it, or a piece of it. */
  const takeBatch = (first: Job): Batch => {
    const rowsLeft = first.work.rows - first.rowsTaken;
    if (batching && (first.rowsTaken > 0 || rowsLeft > batchMaxRows)) {
      const rows = Math.min(rowsLeft, batchMaxRows);
      const start = first.rowsTaken;
      queue.shift();
      backlog.queuedRows -= rows;
      first.rowsTaken += rows;
      if (rows < rowsLeft)
        queue.push(first); // others get their turn before its next piece
      else backlog.queuedBytes -= first.bytes;
      return { kind: 'piece', jobs: [first], rows, start, index: start / batchMaxRows };
    }
    let { rows } = first.work;
    let count = 1;
    if (batching)
      for (; count < queue.length; count++) {
        const next = queue[count];
        if (next === undefined || next.key !== first.key || next.rowsTaken > 0) break;
        if (rows + next.work.rows > batchMaxRows) break;
        rows += next.work.rows;
      }
    const [, ...others] = queue.splice(0, count);
    backlog.queuedRows -= rows;
    backlog.queuedBytes -= first.bytes;
    for (const { bytes } of others) backlog.queuedBytes -= bytes;
    return { kind: 'whole', jobs: [first, ...others], rows };
  };

  const runTensors = async (feeds: Tensors, rows: number): Promise<Tensors> => {
    const startedAt = performance.now();
    const saturated = queue.length > 0;
    const outputs = await engine.run(feeds);
    const durationMs = performance.now() - startedAt;
    options.onRun(rows, durationMs);
    admission.ran(rows, durationMs, saturated);
    return outputs;
  };

  const runAlone = async (job: Job) => {
    if (job.settled) return;
    const startedAt = performance.now();
    try {
      const outputs = await runTensors(job.work.feeds, job.work.rows);
      settle(job, undefined, answerOf(job, new Outputs(outputs), performance.now() - startedAt));
    } catch (error) {
      settle(job, asError(error));
    }
  };

  const runPiece = async (job: Job, { start, rows, index }: Batch & { kind: 'piece' }) => {
    if (job.settled) return;
    const startedAt = performance.now();
    try {
      const part = mapTensors(job.work.feeds, (tensor) => rowsOf(tensor, start, start + rows));
      const outputs = await runTensors(part, rows);
      checkRows(outputs, rows);
      job.pieces[index] = outputs;
    } catch (error) {
      return giveUp(job, asError(error));
    }
    job.inferenceMs += performance.now() - startedAt;
    job.rowsDone += rows;
    if (job.rowsDone < job.work.rows || job.settled) return;
    settle(job, undefined, answerOf(job, new Outputs(joinRows(job.pieces)), job.inferenceMs));
  };

  const runTogether = async (jobs: readonly Job[], rows: number) => {
    const startedAt = performance.now();
    let outputs: Tensors;
    try {
      outputs = await runTensors(joinRows(jobs.map((job) => job.work.feeds)), rows);
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
      settle(job, undefined, answerOf(job, new Outputs(outputs, start, row), inferenceMs));
    }
  };

  const run = (batch: Batch): Promise<void> => {
    const [first, second] = batch.jobs;
    if (batch.kind === 'piece') return runPiece(first, batch);
    return second === undefined ? runAlone(first) : runTogether(batch.jobs, batch.rows);
  };

  const start = () => {
    scheduled = false;
    while (running.length < engine.concurrency) {
      const [first] = queue;
      if (first === undefined) return;
      const batch = takeBatch(first);
      const now = performance.now();
      for (const job of batch.jobs) job.startedAt ||= now;
      running.push(batch);
      backlog.runningRows += batch.rows;
      void run(batch).finally(() => {
        running.splice(running.indexOf(batch), 1);
        backlog.runningRows -= batch.rows;
        schedule();
      });
    }
  };

  /** Starts runs after the requests that arrived in this turn of the event loop have been read. */
  const schedule = () => {
    if (scheduled || running.length >= engine.concurrency || queue.length === 0) return;
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
    overload: () => admission.refusal(backlog, 1, 0),
    submit(work, callback) {
      const bytes = bytesOf(work.feeds);
      const refusal = admission.refusal(backlog, work.rows, bytes);
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
        startedAt: 0,
        settled: false,
        rowsTaken: 0,
        pieces: [],
        rowsDone: 0,
        inferenceMs: 0,
      };
      queue.push(job);
      backlog.queuedRows += work.rows;
      backlog.queuedBytes += bytes;
      schedule();
      return () => giveUp(job, new CancelledError('the client went away'));
    },
    close: () => clearInterval(deadlineTimer),
  };
}

function answerOf(job: Job, outputs: Outputs, inferenceMs: number): Answer {
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
