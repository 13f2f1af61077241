// A server without requests costs next to nothing: autoscalers by CPU take what it uses for load.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { iris } from './file-server.ts';
import { collect, launch } from './program.ts';

const SECONDS = 5;

test.skipIf(process.platform !== 'linux').each([1, 2])(
  'with %i serving threads, each wakes a few times a second while nothing is to do',
  async (threads) => {
    const child = launch(['serve', iris], { SERVING_THREADS: String(threads) });
    const out = collect(child.stdout);
    const last = threads === 1 ? '"msg":"ready"' : '"msg":"serving threads"';
    await expect.poll(() => out.text, { timeout: 30_000 }).toContain(last);
    await setTimeout(2000); // what a start leaves to do
    const before = wakes(child.pid);
    await setTimeout(SECONDS * 1000);
    expect((wakes(child.pid) - before) / SECONDS / threads).toBeLessThan(20);
  },
);

/** How often the threads of a process have waited for something. */
function wakes(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => readFileSync(`${tasks}/${task}/status`, 'utf8'))
    .map((status) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]))
    .reduce((sum, count) => sum + count, 0);
}
