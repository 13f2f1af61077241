// The program of the thread that sends requests to the challenger.
import { parentPort, workerData } from 'node:worker_threads';
import { type ChallengerResponse, request, type ShadowRequest } from './request.ts';

export interface WorkerSetup {
  readonly url: string;
  readonly timeoutMs: number;
}
export interface ToWorker {
  readonly id: number;
  readonly request: ShadowRequest;
}
export interface FromWorker {
  readonly id: number;
  readonly response: ChallengerResponse;
}

if (parentPort !== null) {
  const port = parentPort;
  const { url, timeoutMs }: WorkerSetup = workerData;
  port.on('message', async ({ id, request: wanted }: ToWorker) => {
    const message: FromWorker = { id, response: await request(url, timeoutMs, wanted) };
    port.postMessage(message);
  });
}
