// The main thread of the process: it serves requests, and starts others that do.
import { Worker } from 'node:worker_threads';
import { type BirpcReturn, createBirpc } from 'birpc';
import type { Logger } from 'pino';
import { withoutMessage } from '../../../observe/log.ts';
import { programBeside } from '../../../util/program-beside.ts';
import type { Files } from '../files.ts';
import { LastTold } from './last-told.ts';
import { received } from './lines-under-way.ts';
import { type ForMain, type ForWorker, type ServingSetup, setupFor } from './setup.ts';
import { MAIN, ProcessState } from './state.ts';
import { type AskAll, answer, type Own, type ServingThread } from './thread.ts';
import { watch } from './watch.ts';

/** What the other threads are started with. */
export interface StartOptions {
  /** How many threads are to serve, this one among them. */
  readonly threads: number;
  /** The fingerprint of what this one serves. */
  readonly expected: string;
  /** The environment variables that they read their settings from. */
  readonly env: NodeJS.ProcessEnv;
  readonly files: Files;
  readonly log: Logger;
  /** Writes lines of the log. */
  readonly writeLog: (lines: string) => void;
}

interface Other {
  /** Which of the threads it is: the main thread is 1. */
  readonly number: number;
  readonly rpc: BirpcReturn<ForMain, ForWorker>;
  readonly told: LastTold;
  readonly ended: Promise<void>;
  /** Whether calls are lost with it. */
  serves: boolean;
}

export class MainThread implements ServingThread {
  readonly state = new ProcessState();
  readonly number = MAIN;
  readonly isMain = true;
  readonly sharesPorts: boolean;
  readonly expected = undefined;
  readonly #others: Other[] = [];
  #isStopping = false;
  #starting: Promise<void> | undefined;
  #watching: NodeJS.Timeout | undefined;
  #own: Own | undefined;

  /** @param sharesPorts whether others may be started */
  constructor(sharesPorts = false) {
    this.sharesPorts = sharesPorts;
  }

  answerWith(own: Own): void {
    this.#own = own;
  }

  readonly all: AskAll = async (name, ...args) => {
    const others = this.#others.filter(({ serves }) => serves);
    const told = await Promise.all(others.map((other) => other.told.of(name, ...args)));
    this.state.silent = others.filter((other) => other.told.isSilent).length; // which this thread's metrics tell
    return [await answer(this.#own, name, args), ...told.flat(1)];
  };

  /** Starts others, one after the other, while this one serves. Where one cannot be started, the log says why, and there are fewer. */
  start(options: StartOptions): void {
    if (options.threads > 1) this.#starting = this.#start(options);
  }

  /** Lets the others finish what they have begun. What they counted can still be asked for. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watching);
    // One that ends by itself meanwhile has nothing to finish.
    await Promise.allSettled([this.#starting, ...this.#others.map(({ rpc }) => rpc.stop())]);
  }

  /** Ends the others. */
  async end(): Promise<void> {
    await Promise.all(this.#others.splice(0).map(end));
  }

  async #start(options: StartOptions): Promise<void> {
    const { threads, log } = options;
    this.state.threads = threads; // who loads a model now gets a share of the CPUs
    for (let number = 2; number <= threads && !this.#isStopping; number++)
      if (!(await this.#startOne(number, options))) break;
    if (this.#isStopping) return;
    this.state.threads = 1 + this.#others.length;
    log.info({ threads: this.state.threads }, 'serving threads');
    const watches = this.#others.map(({ number, rpc }) =>
      watch(number, () => rpc.ask('state'), this.state, log),
    );
    this.#watching = setInterval(() => {
      this.#own?.state(); // which tells the others
      for (const look of watches) look();
    }, 1000).unref();
  }

  /** @returns whether it serves */
  async #startOne(number: number, options: StartOptions): Promise<boolean> {
    const other = this.#open(setupFor(number, this.state, options), options);
    this.#others.push(other);
    let why: object;
    try {
      const reason = await other.rpc.start();
      other.serves = reason === undefined;
      if (other.serves) return true;
      why = { reason };
    } catch (error) {
      why = { err: withoutMessage(error) };
    }
    this.#others.splice(this.#others.indexOf(other), 1);
    await end(other);
    if (!this.#isStopping)
      options.log.error(
        { thread: number, ...why },
        'a serving thread could not start; the others serve',
      );
    return false;
  }

  #open(setup: ServingSetup, { log, writeLog }: StartOptions): Other {
    const worker = new Worker(programBeside(import.meta.url, 'serving-worker'), {
      workerData: setup,
    });
    const { linesUnderWay } = this.state;
    const takeLines = (lines: string) => {
      received(lines, linesUnderWay);
      writeLog(lines);
    };
    const rpc = createBirpc<ForMain, ForWorker>(
      { all: this.all, log: takeLines, respond() {} },
      {
        post: (message) => worker.postMessage(message),
        on: (receive) => worker.on('message', receive),
        timeout: -1,
      },
    );
    const { number } = setup;
    const ended = Promise.withResolvers<void>();
    const told = new LastTold((name, ...args) => rpc.ask(name, ...args));
    const other = { number, rpc, told, ended: ended.promise, serves: false };
    let cause: Error | undefined;
    worker.on('error', (error: Error) => {
      cause = error;
    });
    // Follows an error, too.
    worker.on('exit', (code) => {
      rpc.$close(cause ?? new Error('it ended'));
      ended.resolve();
      if (!other.serves) return;
      // What has become of its calls is unknown, as after any error that nobody handles.
      const how = cause === undefined ? { code } : { err: withoutMessage(cause) };
      // After all that it has posted, such as its last lines of the log.
      setImmediate(() => {
        log.fatal({ thread: number, ...how }, 'a serving thread has ended');
        throw new Error('a serving thread has ended', { cause });
      });
    });
    return other;
  }
}

async function end(other: Other): Promise<void> {
  other.serves = false;
  if (!other.rpc.$closed) await other.rpc.end.asEvent();
  await other.ended;
}
