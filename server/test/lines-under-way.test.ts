// Lines of the log between the threads of a process: in order, and bounded while the main thread takes none.
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collectLines, received } from '../src/commands/serve/threads/lines-under-way.ts';

const MiB = 1024 * 1024;

test('those of a turn of the event loop are sent together, in their order', async () => {
  const posted: string[] = [];
  const lines = collectLines((text) => posted.push(text), new Int32Array(1));
  lines.write('a\n');
  lines.write('b\n');
  expect(posted).toEqual([]);
  await setImmediate();
  expect(posted).toEqual(['a\nb\n']);
  await setImmediate();
  expect(posted).toHaveLength(1);
});

test('4 MiB of all threads are under way at most; later lines are dropped whole until some are received', async () => {
  const underWay = new Int32Array(new SharedArrayBuffer(4));
  const posted: string[] = [];
  const threads = [1, 2].map(() => collectLines((text) => posted.push(text), underWay));
  const line = `${'x'.repeat(99_999)}\n`;
  for (let turn = 0; turn < 50; turn++) {
    for (const lines of threads) for (let i = 0; i < 5; i++) lines.write(line);
    await setImmediate();
  }
  const sent = posted.join('');
  expect(sent.length).toBeGreaterThan(3.5 * MiB);
  expect(sent.length).toBeLessThanOrEqual(4 * MiB + 5 * line.length); // one turn of the other thread
  expect(new Set(sent.split('\n').map(({ length }) => length))).toEqual(new Set([99_999, 0]));

  for (const text of posted.splice(0)) received(text, underWay);
  expect(underWay[0]).toBe(0);
  threads[0]?.write('again\n');
  await setImmediate();
  expect(posted).toEqual(['again\n']);
});
