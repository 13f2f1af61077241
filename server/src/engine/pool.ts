// Runs on worker threads, one model session each, so that the main thread goes on answering probes and
// reading requests while a heavy model runs.
import { Worker } from 'node:worker_threads';
import type { Tensors } from '../tensor/tensor.ts';
import { programBeside } from '../thread.ts';
import type { Engine } from './engine.ts';
import { ModelLoadError, type SessionOptions } from './session.ts';
import type { Signature } from './signature.ts';
import { mapTensors } from './work.ts';
import { buffersOf, type FromWorker, type ToWorker, type WorkerSetup } from './worker.ts';

/** @throws ModelLoadError when the model cannot be loaded */
export async function createPoolEngine(
  modelFile: string,
  options: SessionOptions,
  size: number,
): Promise<Engine> {
  const started = await Promise.allSettled(
    Array.from({ length: size }, () => startThread({ modelFile, options })),
  );
  const threads = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(threads.map((thread) => thread.close())); // they would keep the process alive
    throw failed.reason;
  }
  const [first] = threads;
  if (first === undefined) throw new RangeError('a pool needs at least one worker');
  return {
    kind: 'workers',
    signature: first.signature,
    workers: size,
    intraOpThreads: options.intraOpThreads,
    concurrency: size,
    failure: () => threads.find((thread) => thread.failure !== undefined)?.failure?.message,
    run: (feeds) => leastBusy(threads).run(feeds),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Thread {
  readonly signature: Signature;
  /** Runs sent and not answered. */
  readonly pending: number;
  /** Why the thread is gone, when it is. */
  readonly failure: Error | undefined;
  run(feeds: Tensors): Promise<Tensors>;
  close(): Promise<void>;
}

function leastBusy(threads: readonly Thread[]): Thread {
  return threads.reduce((best, thread) =>
    best.failure !== undefined || (thread.failure === undefined && thread.pending < best.pending)
      ? thread
      : best,
  );
}

/** Rows that share a buffer with others get one of their own: a message takes buffers whole. */
function ownBuffers(feeds: Tensors): Tensors {
  return mapTensors(feeds, (tensor) => {
    const { data } = tensor;
    const isWhole = Array.isArray(data) || data.byteLength === data.buffer.byteLength;
    return isWhole ? tensor : { ...tensor, data: data.slice() };
  });
}

async function startThread(setup: WorkerSetup): Promise<Thread> {
  const worker = new Worker(programBeside(import.meta.url, 'worker'), { workerData: setup });
  const waiting: PromiseWithResolvers<Tensors>[] = [];
  const started = Promise.withResolvers<Signature>();
  const ended = Promise.withResolvers<void>();
  let gone: Error | undefined;
  let closing = false;

  const fail = (error: Error) => {
    gone ??= error;
    started.reject(gone);
    for (const run of waiting.splice(0)) run.reject(gone);
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
  worker.on('error', (error: Error) => fail(error));
  worker.on('exit', (code) => {
    if (!closing) fail(new Error(`a worker thread ended with code ${code}`));
    ended.resolve();
  });

  const send = (message: ToWorker, transfer: ArrayBuffer[] = []) =>
    worker.postMessage(message, transfer);
  const signature = await started.promise;
  return {
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
      if (gone !== undefined) return;
      closing = true;
      send('close');
      await ended.promise;
    },
  };
}
