// A worker thread that ends takes its own runs with it, and nothing else: another takes its place, a few times.
import { appendFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { testModel } from '../start.ts';
import { answers, copyOfModel, irisV1, irisV2, logged, logOf, serve, setosa } from './victim.ts';

const workers = { ENGINE: 'workers', WORKERS: '2' };

describe('a worker thread that ends is replaced, and the server goes on', () => {
  it.each([
    ['by process.exit', 'end-thread', 'a worker thread ended with code 7', []],
    ['by an exception', 'throw-in-thread', 'a worker thread failed with TypeError', []],
    [
      'for lack of heap memory',
      'fill-heap-of-thread',
      'a worker thread ran out of heap memory',
      ['--max-old-space-size=150'],
    ],
  ])('%s', async (_how, harm, reason, node) => {
    const victim = await serve(workers, { node });
    await victim.harm(harm);
    await logged(victim, { reason });
    // Both threads, the new one too.
    const answered = await Promise.all(Array.from({ length: 20 }, () => victim.predict(setosa)));
    for (const { status, body } of answered)
      expect([status, body], victim.out.text).toEqual([200, { prediction: [0] }]);
    expect(await victim.get('/livez')).toMatchObject({ status: 200, text: 'ok' });
    expect(await victim.get('/readyz')).toMatchObject({ status: 200, text: 'ok' });
    expect((await victim.get('/metrics')).text).toMatch(
      /^ml_api_worker_threads_lost_total{.*} 1$/m,
    );
    expect(victim.out.text + victim.err.text).not.toMatch(/Jane Doe/);
  });

  it('the only one too: requests wait for the next', async () => {
    const victim = await serve({ ENGINE: 'workers', WORKERS: '1' });
    const lost = async () =>
      /^ml_api_worker_threads_lost_total{.*} (.+)$/m.exec((await victim.get('/metrics')).text)?.[1];
    expect(await lost()).toBe('0');
    for (let i = 0; i < 3; i++) {
      await victim.harm('end-thread');
      await expect
        .poll(() => logOf(victim).filter(({ reason }) => reason !== undefined).length)
        .toBe(i + 1);
      expect(await victim.predict(setosa)).toEqual({ status: 200, body: { prediction: [0] } });
    }
    expect(await lost()).toBe('3');
  });

  it('with its runs: they fail with 500, and the next do not', async () => {
    const victim = await serve({
      MODEL_DIR: testModel('heavy'),
      ENGINE: 'workers',
      WORKERS: '1',
      BATCHING: 'off',
    });
    const row = Array<number>(1024).fill(1);
    const begun = Array.from({ length: 12 }, () => victim.predict(row));
    await victim.harm('end-thread');
    const answered = await Promise.all(begun);
    const failed = answered.filter(({ status }) => status !== 200);
    expect(failed.length).toBeLessThan(answered.length);
    for (const { status, body } of failed) {
      expect(status).toBe(500);
      expect(body).toMatchObject({ type: 'urn:ml-api:problem:model-failure' });
    }
    expect((await victim.predict(row)).status).toBe(200);
  });
});

describe('the process asks to be restarted, by /livez, where a thread cannot be replaced', () => {
  it('because threads end again and again', async () => {
    const victim = await serve({ ENGINE: 'workers', WORKERS: '1' });
    for (let i = 0; i < 6; i++) await victim.harm('end-thread');
    await answers(victim, '/livez', 503);
    expect((await victim.get('/readyz')).text).toBe(
      'a worker thread could not be replaced: a worker thread ended with code 7, and so did 5 before it within ten minutes',
    );
    expect((await victim.predict(setosa)).status).toBe(500);
    victim.child.kill('SIGTERM');
    expect(await victim.ended).toBe(0);
  });

  it.each([
    [
      'replaced by another model',
      (file: string) => renameSync(path.join(copyOfModel(irisV2), 'model.onnx'), file),
    ],
    ['changed in place', (file: string) => appendFileSync(file, 'x')],
    ['deleted', (file: string) => rmSync(file)],
  ])(
    'because the model file was %s: threads of two models would mix up answers',
    async (_how, change) => {
      const directory = copyOfModel(irisV1);
      const file = path.join(directory, 'model.onnx');
      const victim = await serve({ ...workers, MODEL_DIR: directory });
      change(file);
      expect((await victim.predict(setosa)).status).toBe(200); // what was loaded is served on
      await victim.harm('end-thread');
      await answers(victim, '/livez', 503);
      expect((await victim.get('/livez')).text).toContain(`${file} has changed since the start`);
      expect(await victim.predict(setosa)).toEqual({ status: 200, body: { prediction: [0] } });
    },
  );
});
