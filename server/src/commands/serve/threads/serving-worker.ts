// The program of every serving thread but the first: a predictor that listens where the main thread does, once it has loaded its
// models. The kernel shares the connections among those that listen.
import { parentPort, workerData } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import pino, { type Logger } from 'pino';
import { createLog as openLog } from '../../../observe/log.ts';
import { ModelLoadError } from '../../../runtime/session.ts';
import { CommandError } from '../../../util/command-error.ts';
import { endsWithin } from '../../../util/ends-within.ts';
import { readConfig } from '../config.ts';
import { createService, type Service } from '../service.ts';
import { TELL_WITHIN_MS } from './last-told.ts';
import { collectLines } from './lines-under-way.ts';
import { type ForMain, type ForWorker, filesOf, type ServingSetup } from './setup.ts';
import { MAIN, ProcessState } from './state.ts';
import { answer, type Own, type ServingThread, SilentError } from './thread.ts';
import { watch } from './watch.ts';

/** How long the main thread may take to tell what all threads say, in milliseconds: it waits for the others itself. */
const ALL_WITHIN_MS = 2 * TELL_WITHIN_MS;

function run(port: NonNullable<typeof parentPort>, setup: ServingSetup): void {
  const stopped = new AbortController();
  let service: Service | undefined;
  let own: Own | undefined;
  let watching: NodeJS.Timeout | undefined;
  const main = createBirpc<ForWorker, ForMain>(
    {
      async start() {
        const config = readConfig(setup.env);
        const log = createLog(config.LOG_LEVEL).child({ thread: setup.number });
        try {
          service = await createService(config, filesOf(setup), log, stopped.signal, thread);
          // Who writes the lines of all threads cannot tell of itself.
          const { log: ownLog } = openLog(config.LOG_LEVEL);
          const look = watch(MAIN, () => main.respond(), thread.state, ownLog);
          watching = setInterval(look, 1000).unref();
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
        clearInterval(watching);
        await service?.stop();
        lines.flush();
      },
      end() {
        lines.flush();
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
    async all(name, ...args) {
      const told = main.all(name, ...args);
      if (!(await endsWithin(told, ALL_WITHIN_MS))) throw new SilentError();
      return told;
    },
    answerWith(newOwn) {
      own = newOwn;
    },
  };

  const lines = collectLines(
    (collected) => void main.log.asEvent(collected),
    thread.state.linesUnderWay,
  );
  process.on('uncaughtExceptionMonitor', lines.flush);
  process.on('exit', lines.flush);
  const createLog = (level: string): Logger => pino({ level, base: null }, lines);
}

if (parentPort !== null) run(parentPort, workerData);
