// The program of one worker thread: it loads the model and runs what it is sent, one after the other.
import { constants, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openSession } from './session.ts';
import { buffersOf, type FromWorker, type ToWorker, type WorkerSetup } from './worker-messages.ts';

/**
 * Lets the main thread have a core as soon as it wants one: it reads, responds and runs light models in little time, and a long run
 * does not miss that. On Linux this is about the calling thread and those that it starts, ONNX Runtime's; elsewhere it would be about
 * the process. `npm run bench:models -- neighbours` measures it.
 */
function yieldToMainThread(): void {
  if (platform() !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // A sandbox may forbid it: then runs and the main thread take turns as equals.
  }
}

async function serve(port: NonNullable<typeof parentPort>, setup: WorkerSetup): Promise<void> {
  const answer = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  yieldToMainThread();
  const session = await openSession(setup.modelFile, setup.options);
  answer({ kind: 'ready', signature: session.signature });

  // Ending a thread during a run aborts the process, so a close waits for its turn behind the runs.
  let queue = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    queue = queue.then(async () => {
      if (message === 'close') {
        await session.release();
        port.close();
        return;
      }
      try {
        const outputs = await session.run(message);
        answer({ kind: 'done', outputs }, buffersOf(outputs));
      } catch (error) {
        answer({ kind: 'failed', message: messageOf(error) });
      }
    });
  });
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

if (parentPort !== null) {
  const port = parentPort;
  serve(port, workerData).catch((error: unknown) => {
    const unusable: FromWorker = {
      kind: 'unusable',
      name: error instanceof Error ? error.name : 'Error',
      message: messageOf(error),
    };
    port.postMessage(unusable);
    port.close();
  });
}
