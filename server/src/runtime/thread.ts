// One worker thread with a session of the model, from the side of the main thread.
import { Worker } from 'node:worker_threads';
import type { Tensors } from '../tensor/tensor.ts';
import { mapTensors } from '../tensor/work.ts';
import { programBeside } from '../util/program-beside.ts';
import { ModelLoadError } from './session.ts';
import type { Signature } from './signature.ts';
import { buffersOf, type FromWorker, type ToWorker, type WorkerSetup } from './worker-messages.ts';

export interface Thread {
  readonly signature: Signature;
  /** Runs sent and not answered. */
  readonly pending: number;
  /** Why the thread is gone, when it is. */
  readonly failure: Error | undefined;
  run(feeds: Tensors): Promise<Tensors>;
  /** Waits for the runs sent, and ends the thread. */
  close(): Promise<void>;
}

/**
 * Starts a thread and loads the model in it.
 * @param onGone told when the thread ends later without having been closed
 * @throws ModelLoadError when the model cannot be loaded, or the thread ends while it loads it
 */
export async function startThread(
  setup: WorkerSetup,
  onGone: (thread: Thread, error: Error) => void,
): Promise<Thread> {
  const worker = new Worker(programBeside(import.meta.url, 'worker'), { workerData: setup });
  const waiting: PromiseWithResolvers<Tensors>[] = [];
  const started = Promise.withResolvers<Signature>();
  const ended = Promise.withResolvers<void>();
  let thread: Thread | undefined;
  let gone: Error | undefined;
  let closing = false;

  const fail = (error: Error) => {
    if (gone !== undefined) return;
    gone = error;
    started.reject(error);
    for (const run of waiting.splice(0)) run.reject(error);
    if (thread !== undefined && !closing) onGone(thread, error);
  };
  worker.on('message', (message: FromWorker) => {
    switch (message.kind) {
      case 'ready':
        return started.resolve(message.signature);
      case 'unusable':
        return fail(
          message.name === 'ModelLoadError'
            ? new ModelLoadError(message.message)
            : new Error(message.message),
        );
      case 'done':
        return waiting.shift()?.resolve(message.outputs);
      case 'failed':
        return waiting.shift()?.reject(new Error(message.message));
    }
  });
  worker.on('messageerror', () =>
    waiting.shift()?.reject(new Error('outputs could not be passed between threads')),
  );
  const endedBecause = (why: string) =>
    fail(
      thread === undefined
        ? new ModelLoadError(
            `${setup.modelFile} could not be loaded: ${why}. Give the process more memory, or set WORKERS to fewer.`,
          )
        : new Error(why),
    );
  worker.on('error', (error: Error) => endedBecause(reasonOf(error)));
  worker.on('exit', (code) => {
    ended.resolve();
    endedBecause(`a worker thread ended with code ${code}`);
  });

  const send = (message: ToWorker, transfer: ArrayBuffer[] = []) =>
    worker.postMessage(message, transfer);
  const signature = await started.promise;
  thread = {
    signature,
    get pending() {
      return waiting.length;
    },
    get failure() {
      return gone;
    },
    run(feeds) {
      if (gone !== undefined) return Promise.reject(gone);
      const run = Promise.withResolvers<Tensors>();
      const own = ownBuffers(feeds);
      send(own, buffersOf(own));
      waiting.push(run);
      return run.promise;
    },
    async close() {
      closing = true;
      if (gone === undefined) send('close');
      await ended.promise;
    },
  };
  return thread;
}

/** Without the message of an error that the thread did not expect: it may quote what a client sent. */
function reasonOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'a worker thread ran out of heap memory';
  return `a worker thread failed with ${error.name}${typeof code === 'string' ? ` (${code})` : ''}`;
}

/** Rows that share a buffer with others get one of their own: a message takes buffers whole. */
function ownBuffers(feeds: Tensors): Tensors {
  return mapTensors(feeds, (tensor) => {
    const { data } = tensor;
    const isWhole = Array.isArray(data) || data.byteLength === data.buffer.byteLength;
    return isWhole ? tensor : { ...tensor, data: data.slice() };
  });
}
