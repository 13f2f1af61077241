// The program of every serving thread but the first: a predictor that listens where the main thread does, once it has loaded its
// models. The kernel shares the connections among those that listen.
import { parentPort, workerData } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import pino, { type Logger } from 'pino';
import { ModelLoadError } from '../../../runtime/session.ts';
import { CommandError } from '../../../util/command-error.ts';
import { readConfig } from '../config.ts';
import { createService, type Service } from '../service.ts';
import { type ForMain, type ForWorker, filesOf, type ServingSetup } from './setup.ts';
import { ProcessState } from './state.ts';
import { answer, type Own, type ServingThread } from './thread.ts';

/** How long lines of the log are collected. */
const COLLECT_MS = 100;

function run(port: NonNullable<typeof parentPort>, setup: ServingSetup): void {
  const stopped = new AbortController();
  let service: Service | undefined;
  let own: Own | undefined;
  const main = createBirpc<ForWorker, ForMain>(
    {
      async start() {
        const config = readConfig(setup.env);
        const log = createLog(config.LOG_LEVEL).child({ thread: setup.number });
        try {
          service = await createService(config, filesOf(setup), log, stopped.signal, thread);
          return undefined;
        } catch (error) {
          if (error instanceof CommandError || error instanceof ModelLoadError)
            return error.message;
          throw error;
        }
      },
      ask: (name, ...args) => answer(own, name, args),
      async stop() {
        stopped.abort();
        await service?.stop();
        flush();
      },
      end() {
        flush();
        clearInterval(flushing);
        port.close();
      },
    },
    {
      post: (message) => port.postMessage(message),
      on: (receive) => port.on('message', receive),
      timeout: -1,
    },
  );
  const thread: ServingThread = {
    state: new ProcessState(setup.memory),
    number: setup.number,
    isMain: false,
    expected: setup.expected,
    sharesPorts: true,
    all: main.all,
    answerWith(newOwn) {
      own = newOwn;
    },
  };

  let lines = '';
  const flush = () => {
    if (lines !== '') void main.log.asEvent(lines);
    lines = '';
  };
  const flushing = setInterval(flush, COLLECT_MS).unref();
  const createLog = (level: string): Logger =>
    pino(
      { level, base: null },
      {
        write(line: string) {
          lines += line;
        },
      },
    );
}

if (parentPort !== null) run(parentPort, workerData);
