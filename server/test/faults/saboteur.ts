// Loaded before the program by `--import`, on its main thread and on its worker threads: does harm when a file
// asks for it, or at once.
import { existsSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

const folder = process.env['SABOTAGE'] ?? '';

/** Whether the harm was ordered, and no other thread has done it. */
function isOrdered(harm: string): boolean {
  const order = path.join(folder, harm);
  if (!existsSync(order)) return false;
  try {
    unlinkSync(order); // not rmSync, with which two threads may both succeed
    return true;
  } catch {
    return false; // another thread was faster
  }
}

function fillHeap(): void {
  const kept: object[] = [];
  for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
}

/** The clock of the wall goes on from another time, as after a correction by NTP; the monotonic one does not notice. */
function jump(milliseconds: number): void {
  const { now } = Date;
  Date.now = () => now() + milliseconds;
}

/** The thread does nothing for so long. */
function standStill(milliseconds?: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

const harms: Readonly<Record<string, () => void>> = isMainThread
  ? {
      throw: () => {
        throw new Error('unforeseen, with a secret of Jane Doe');
      },
      reject: () => void Promise.reject(new Error('unforeseen, with a secret of Jane Doe')),
      'clock-forward': () => jump(365 * 86_400_000),
      'clock-back': () => jump(-365 * 86_400_000),
      'stop-first-thread': () => standStill(),
    }
  : {
      'end-thread': () => process.exit(7),
      'throw-in-thread': () => {
        throw new TypeError('unforeseen, with a secret of Jane Doe');
      },
      'fill-heap-of-thread': fillHeap,
      'stop-thread': () => standStill(),
      'pause-thread': () => standStill(4000),
    };

const atOnce = process.env['SABOTAGE_AT_START'];
if (atOnce !== undefined) harms[atOnce]?.();

setInterval(() => {
  for (const [harm, doIt] of Object.entries(harms)) if (isOrdered(harm)) doIt();
}, 10).unref();
