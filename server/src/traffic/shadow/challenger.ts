// Asks the challenger on a thread of its own. A single outgoing connection makes V8 throw away the fast code of Node's
// streams and HTTP that serves incoming ones, for good: what it specialised on one kind of socket and message now sees two.
// That costs the champion about 5 % of its throughput (`npm run bench:shadow`). A thread has code of its own.
import { Worker } from 'node:worker_threads';
import { programBeside } from '../../util/program-beside.ts';
import { type Asked, failed, type Reply, type Wanted } from './ask.ts';
import type { AskerSetup, FromAsker, ToAsker } from './asker.ts';

interface Challenger {
  ask(asked: Asked, wanted: Wanted): Promise<Reply>;
  /** Forgets what was not answered. */
  close(): void;
}

/** @param url base URL of the challenger */
export function createChallenger(url: string, timeoutMs: number): Challenger {
  const setup: AskerSetup = { url, timeoutMs };
  const waiting = new Map<number, (reply: Reply) => void>();
  let thread: Worker | undefined;
  let lastId = 0;

  const settle = (id: number, reply: Reply) => {
    waiting.get(id)?.(reply);
    waiting.delete(id);
  };
  const start = () => {
    const worker = new Worker(programBeside(import.meta.url, 'asker'), { workerData: setup });
    worker.on('message', ({ id, reply }: FromAsker) => settle(id, reply));
    // Not expected, and no reason to harm the champion: the next request starts another thread.
    worker.on('error', (error) => {
      thread = undefined;
      for (const id of waiting.keys()) settle(id, failed(`asking the challenger failed: ${error}`));
    });
    worker.unref();
    return worker;
  };

  return {
    ask(asked, wanted) {
      const { promise, resolve } = Promise.withResolvers<Reply>();
      const message: ToAsker = { id: ++lastId, asked, wanted };
      waiting.set(message.id, resolve);
      thread ??= start();
      thread.postMessage(message);
      return promise;
    },
    close() {
      void thread?.terminate();
    },
  };
}
