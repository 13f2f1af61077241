// The main thread of the process: it serves requests, and starts others that do.
import { Worker } from 'node:worker_threads';
import { type BirpcReturn, createBirpc } from 'birpc';
import type { Logger } from 'pino';
import { withoutMessage } from '../../../observe/log.ts';
import { programBeside } from '../../../util/program-beside.ts';
import type { Files } from '../files.ts';
import { type ForMain, type ForWorker, type ServingSetup, setupFor } from './setup.ts';
import { ProcessState } from './state.ts';
import { type AskAll, answer, type Own, type ServingThread } from './thread.ts';

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
  readonly ended: Promise<void>;
  /** Whether calls are lost with it. */
  serves: boolean;
  /** Since when it has not answered, in seconds. */
  silentFor: number;
}

/**
 * How long a thread may do nothing but one thing, in seconds, until only a restart helps: about as long as a kubelet, by the chart's
 * liveness probe, gives a process.
 */
const PATIENCE_S = 30;

export class MainThread implements ServingThread {
  readonly state = new ProcessState();
  readonly number = 1;
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

  readonly all: AskAll = (name, ...args) => {
    const others = this.#others.filter(({ serves }) => serves);
    return Promise.all([
      answer(this.#own, name, args),
      ...others.map(({ rpc }) => rpc.ask(name, ...args)),
    ]);
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
    this.#watching = setInterval(() => this.#watch(log), 1000).unref();
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

  /** Probes come to one of the threads, and it is the others that may stand still. Ticks are counted, not time: a process may be frozen. */
  #watch(log: Logger): void {
    this.#own?.state(); // which tells the others
    for (const other of this.#others) {
      if (other.silentFor++ === 0)
        other.rpc.ask('state').then(
          () => {
            other.silentFor = 0;
            this.state.tell(other.number, false);
          },
          () => {}, // it has ended
        );
      if (other.silentFor !== PATIENCE_S) continue;
      log.error({ thread: other.number }, 'a serving thread does not respond');
      this.state.tell(other.number, true);
    }
  }

  #open(setup: ServingSetup, { log, writeLog }: StartOptions): Other {
    const worker = new Worker(programBeside(import.meta.url, 'serving-worker'), {
      workerData: setup,
    });
    const rpc = createBirpc<ForMain, ForWorker>(
      { all: this.all, log: writeLog },
      {
        post: (message) => worker.postMessage(message),
        on: (receive) => worker.on('message', receive),
        timeout: -1,
      },
    );
    const { number } = setup;
    const ended = Promise.withResolvers<void>();
    const other = { number, rpc, ended: ended.promise, serves: false, silentFor: 0 };
    /** What has become of its calls is unknown, as after any error that nobody handles. */
    const lost = (how: object, cause?: Error) => {
      rpc.$close(cause ?? new Error('it ended'));
      ended.resolve();
      if (!other.serves) return;
      log.fatal({ thread: number, ...how }, 'a serving thread has ended');
      throw new Error('a serving thread has ended', { cause });
    };
    worker.on('error', (error: Error) => lost({ err: withoutMessage(error) }, error));
    worker.on('exit', (code) => lost({ code }));
    return other;
  }
}

async function end(other: Other): Promise<void> {
  other.serves = false;
  if (!other.rpc.$closed) await other.rpc.end.asEvent();
  await other.ended;
}
