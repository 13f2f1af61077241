// Sends requests to the challenger on a thread of its own. A single outgoing connection makes V8 throw away the fast code of
// Node's streams and HTTP that serves incoming ones, for good: what it specialised on one kind of socket and message now sees two.
// That costs the champion about 5 % of its throughput (`npm run bench:shadow`). A thread has code of its own.
import { Worker } from 'node:worker_threads';
import { programBeside } from '../../util/program-beside.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './challenger-worker.ts';
import { type ChallengerResponse, failed, type ShadowRequest } from './request.ts';

interface Challenger {
  request(request: ShadowRequest): Promise<ChallengerResponse>;
  /** Forgets the requests under way, and those that still come: they get no response. */
  close(): void;
}

/** @param url base URL of the challenger */
export function createChallenger(url: string, timeoutMs: number): Challenger {
  const setup: WorkerSetup = { url, timeoutMs };
  const underWay = new Map<number, (response: ChallengerResponse) => void>();
  let thread: Worker | undefined;
  let lastId = 0;
  let closed = false;

  const settle = (id: number, response: ChallengerResponse) => {
    underWay.get(id)?.(response);
    underWay.delete(id);
  };
  const start = () => {
    const worker = new Worker(programBeside(import.meta.url, 'challenger-worker'), {
      workerData: setup,
    });
    worker.on('message', ({ id, response }: FromWorker) => settle(id, response));
    // Not expected, and no reason to harm the champion: the next request starts another thread.
    worker.on('error', (error) => {
      thread = undefined;
      for (const id of underWay.keys())
        settle(id, failed(`asking the challenger failed: ${error}`));
    });
    worker.unref();
    return worker;
  };

  return {
    request(request) {
      const { promise, resolve } = Promise.withResolvers<ChallengerResponse>();
      if (closed) return promise;
      const message: ToWorker = { id: ++lastId, request };
      underWay.set(message.id, resolve);
      thread ??= start();
      thread.postMessage(message);
      return promise;
    },
    close() {
      closed = true;
      underWay.clear();
      void thread?.terminate();
    },
  };
}
