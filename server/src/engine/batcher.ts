// Micro-batching without delay: what arrived while a run was busy goes out as one run. A request gets exactly
// its own rows; when a batched run fails, its requests are run again alone, so that one fails alone.
import { rowsOf, type Tensors } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';
import { CancelledError, DeadlineError, QueueFullError } from './queue-errors.ts';
import { checkRows, joinRows, mapTensors, Outputs, type Work } from './work.ts';

export interface BatcherOptions {
  /** Whether requests may be put together and large ones taken apart. */
  readonly batching: boolean;
  /** Rows of one run, when batching. */
  readonly batchMaxRows: number;
  /** Rows that may wait. */
  readonly queueMaxRows: number;
  /** Deadline of a request, from its arrival, in milliseconds. */
  readonly timeoutMs: number;
  /** Told after every run: its rows and its duration in milliseconds. */
  readonly onRun: (rows: number, durationMs: number) => void;
}

/** What became of one request, and where its time went, in milliseconds. */
export interface Answer {
  /** The request's own rows of every output. */
  readonly outputs: Outputs;
  readonly queueMs: number;
  readonly inferenceMs: number;
}

export interface Batcher {
  /** Rows that wait for a run. */
  readonly queuedRows: number;
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
  readonly arrivedAt: number;
  startedAt: number;
  settled: boolean;
}

/** How often deadlines are looked at, as a share of the timeout: a request may be late by this much. */
const DEADLINE_CHECKS_PER_TIMEOUT = 20;

export function createBatcher(engine: Engine, options: BatcherOptions): Batcher {
  const queue: Job[] = [];
  // Arrays, not Sets: a busy Set leaves a trail of outgrown tables, each of which keeps the jobs it held from
  // being collected young; that cost a third of the throughput.
  const inProgress: (readonly Job[])[] = [];
  let queuedRows = 0;
  let scheduled = false;

  const settle = (job: Job, error: Error | undefined, answer?: Answer) => {
    if (job.settled) return;
    job.settled = true;
    job.callback(error, answer);
  };

  const remove = (job: Job) => {
    const at = queue.indexOf(job);
    if (at < 0) return;
    queue.splice(at, 1);
    queuedRows -= job.work.rows;
  };

  const deadlineTimer = setInterval(
    () => {
      const now = performance.now();
      for (const job of [...inProgress.flat(), ...queue]) {
        if (now - job.arrivedAt < options.timeoutMs) continue;
        remove(job);
        settle(job, new DeadlineError(options.timeoutMs));
      }
    },
    Math.max(1, options.timeoutMs / DEADLINE_CHECKS_PER_TIMEOUT),
  ).unref();

  /** Takes the oldest request and all that can go with it. */
  const takeBatch = (): Job[] => {
    const first = queue[0];
    if (first === undefined) return [];
    let rows = first.work.rows;
    let count = 1;
    if (options.batching)
      for (; count < queue.length; count++) {
        const next = queue[count];
        if (next === undefined || next.key !== first.key) break;
        if (rows + next.work.rows > options.batchMaxRows) break;
        rows += next.work.rows;
      }
    queuedRows -= rows;
    return queue.splice(0, count);
  };

  const runAlone = async (job: Job) => {
    const startedAt = performance.now();
    try {
      const outputs = await runRows(job.work);
      settle(job, undefined, answerOf(job, new Outputs(outputs), performance.now() - startedAt));
    } catch (error) {
      settle(job, asError(error));
    }
  };

  /** Runs one request, in pieces when it has more rows than a run may have. */
  const runRows = async ({ feeds, rows }: Work): Promise<Tensors> => {
    if (!options.batching || rows <= options.batchMaxRows) return timedRun(feeds, rows);
    const pieces: Promise<Tensors>[] = [];
    const outputs: Tensors[] = [];
    for (let start = 0; start < rows; start += options.batchMaxRows) {
      const end = Math.min(rows, start + options.batchMaxRows);
      pieces.push(
        timedRun(
          mapTensors(feeds, (tensor) => rowsOf(tensor, start, end)),
          end - start,
        ),
      );
      // As many at a time as make progress, so that other requests get their turn between them.
      if (pieces.length === engine.concurrency)
        outputs.push(...(await Promise.all(pieces.splice(0))));
    }
    outputs.push(...(await Promise.all(pieces)));
    return joinRows(outputs);
  };

  const timedRun = async (feeds: Tensors, rows: number): Promise<Tensors> => {
    const startedAt = performance.now();
    const outputs = await engine.run(feeds);
    options.onRun(rows, performance.now() - startedAt);
    return outputs;
  };

  const runTogether = async (jobs: readonly Job[]) => {
    const rows = jobs.reduce((sum, job) => sum + job.work.rows, 0);
    const startedAt = performance.now();
    let outputs: Tensors;
    try {
      outputs = await timedRun(joinRows(jobs.map((job) => job.work.feeds)), rows);
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

  const start = () => {
    scheduled = false;
    while (inProgress.length < engine.concurrency && queue.length > 0) {
      const jobs = takeBatch();
      const now = performance.now();
      for (const job of jobs) job.startedAt = now;
      const [only] = jobs;
      inProgress.push(jobs);
      void (jobs.length === 1 && only ? runAlone(only) : runTogether(jobs)).finally(() => {
        inProgress.splice(inProgress.indexOf(jobs), 1);
        schedule();
      });
    }
  };

  /** Starts runs after the requests that arrived in this turn of the event loop have been read. */
  const schedule = () => {
    if (scheduled || inProgress.length >= engine.concurrency || queue.length === 0) return;
    scheduled = true;
    setImmediate(start);
  };

  return {
    get queuedRows() {
      return queuedRows;
    },
    submit(work, callback) {
      // A single request larger than the whole queue is still served when nothing waits.
      if (queue.length > 0 && queuedRows + work.rows > options.queueMaxRows) {
        callback(new QueueFullError(options.queueMaxRows), undefined);
        return () => {};
      }
      const arrivedAt = performance.now();
      const job: Job = {
        work,
        callback,
        key: keyOf(work.feeds),
        arrivedAt,
        startedAt: arrivedAt,
        settled: false,
      };
      queue.push(job);
      queuedRows += work.rows;
      schedule();
      return () => {
        if (job.settled) return;
        remove(job);
        settle(job, new CancelledError('the client went away'));
      };
    },
    close: () => clearInterval(deadlineTimer),
  };
}

function answerOf(job: Job, outputs: Outputs, inferenceMs: number): Answer {
  return { outputs, queueMs: job.startedAt - job.arrivedAt, inferenceMs };
}

/** The dimensions after the rows: requests that agree in them can be put together. */
function keyOf(feeds: Tensors): string {
  let key = '';
  for (const name in feeds) key += `${feeds[name]?.dims.slice(1)};`;
  return key;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
