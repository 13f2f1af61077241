// The program of the thread that asks the challenger.
import { parentPort, workerData } from 'node:worker_threads';
import { type Asked, ask, type Reply, type Wanted } from './ask.ts';

export interface AskerSetup {
  readonly url: string;
  readonly timeoutMs: number;
}
export interface ToAsker {
  readonly id: number;
  readonly asked: Asked;
  readonly wanted: Wanted;
}
export interface FromAsker {
  readonly id: number;
  readonly reply: Reply;
}

if (parentPort !== null) {
  const port = parentPort;
  const { url, timeoutMs }: AskerSetup = workerData;
  port.on('message', async ({ id, asked, wanted }: ToAsker) => {
    const told: FromAsker = { id, reply: await ask(url, timeoutMs, asked, wanted) };
    port.postMessage(told);
  });
}
