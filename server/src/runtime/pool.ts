// Runs on worker threads, one model session each, so that the main thread goes on answering probes and
// reading requests while a heavy model runs. A thread that ends is replaced; only its own runs fail.
import type { Engine } from './engine.ts';
import { versionOfFiles } from './model-files.ts';
import { ModelLoadError, type SessionOptions } from './session.ts';
import { startThread, type Thread } from './thread.ts';

/** Threads that may be replaced within a time; more, and something is wrong that a new process may not have. */
const MOST_REPLACEMENTS = 5;
const REPLACEMENTS_MS = 600_000;

/**
 * @param onLoss told of every thread that ended, and why
 * @throws ModelLoadError when the model cannot be loaded
 */
export async function createPoolEngine(
  modelFile: string,
  options: SessionOptions,
  size: number,
  onLoss: (error: Error) => void = () => {},
): Promise<Engine> {
  const files = await versionOfFiles(modelFile);
  const filesChanged = async () => (await versionOfFiles(modelFile)) !== files;
  const losses: number[] = [];
  let replacing = Promise.resolve();
  let failure: string | undefined;
  let closing = false;

  const replace = async (lost: Thread) => {
    const index = threads.indexOf(lost);
    const why = lost.failure?.message;
    const now = performance.now();
    while (now - (losses[0] ?? now) > REPLACEMENTS_MS) losses.shift();
    losses.push(now);
    if (losses.length > MOST_REPLACEMENTS)
      throw new Error(`${why}, and so did ${MOST_REPLACEMENTS} before it within ten minutes`);
    // Threads of two models would mix their answers. A new process loads the new model whole.
    if (await filesChanged())
      throw new Error(`${why}, and ${modelFile} has changed since the start`);
    const thread = await startThread({ modelFile, options }, gone);
    if (closing) await thread.close();
    else threads[index] = thread;
  };
  const gone = (lost: Thread, error: Error) => {
    onLoss(error);
    // One after the other: loading takes as much memory again as the model.
    replacing = replacing.then(async () => {
      if (closing || failure !== undefined) return;
      await replace(lost).catch((cause: Error) => {
        failure = `a worker thread could not be replaced: ${cause.message}`;
      });
    });
  };

  const threads = await startAll(size, () => startThread({ modelFile, options }, gone));
  const close = async () => {
    closing = true;
    await replacing;
    await Promise.all(threads.map((thread) => thread.close()));
  };
  if (await filesChanged()) {
    await close();
    throw new ModelLoadError(
      `${modelFile} changed while it was loaded. Start again when it is complete.`,
    );
  }
  const [{ signature }] = threads;
  return {
    kind: 'workers',
    signature,
    workers: size,
    intraOpThreads: options.intraOpThreads,
    concurrency: size,
    failure: () => failure,
    run: async (feeds) => {
      if (threads.every((thread) => thread.failure !== undefined)) await replacing;
      return leastBusy(threads).run(feeds);
    },
    close,
  };
}

/** All or none: those that had started would keep the process alive. */
async function startAll(
  size: number,
  startOne: () => Promise<Thread>,
): Promise<[Thread, ...Thread[]]> {
  const started = await Promise.allSettled(Array.from({ length: size }, startOne));
  const [first, ...others] = started.flatMap((one) =>
    one.status === 'fulfilled' ? one.value : [],
  );
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined || first === undefined) {
    await Promise.all([first, ...others].map((thread) => thread?.close()));
    throw failed?.reason ?? new RangeError('a pool needs at least one worker');
  }
  return [first, ...others];
}

function leastBusy(threads: readonly [Thread, ...Thread[]]): Thread {
  return threads.reduce((best, thread) =>
    best.failure !== undefined || (thread.failure === undefined && thread.pending < best.pending)
      ? thread
      : best,
  );
}
