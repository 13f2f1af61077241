// Batching can neither corrupt nor hide: what is put together, what is not, and what happens when it fails.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MainThread } from '../src/commands/serve/threads/main-thread.ts';
import { encodeInputs } from '../src/model/inputs.ts';
import { Call } from '../src/serving/call.ts';
import { OverloadedError } from '../src/serving/errors.ts';
import { createBatcher } from '../src/serving/queue/batcher.ts';
import type { RunResult } from '../src/serving/queue/job.ts';
import { start, testModel } from './start.ts';

describe('the decision to batch', () => {
  it('is made by comparing batched outputs with those of single rows', async () => {
    const { served } = await start();
    expect(served.serving).toMatchObject({
      batching: true,
      batchingReason: expect.stringMatching(
        /^outputs in a batch are bit for bit those of single rows \(\d+ batch sizes tried\)$/,
      ),
    });
  });

  it('is no for a model whose rows influence each other, whatever the configuration says', async () => {
    const env = {
      MODEL_DIR: testModel('rows-influence-each-other'),
      LOG_LEVEL: 'silent',
      ENGINE: 'inline',
    };
    const { served, predict } = await start(env);
    expect(served.serving.batching).toBe(false);
    expect(served.serving.batchingReason).toMatch(
      /^outputs in a batch differ from those of single rows by up to/,
    );
    expect((await predict({ inputs: [3, 4] })).body).toEqual({ prediction: [[0, 0]] });
    await expect(start({ ...env, BATCHING: 'on' })).rejects.toThrow(
      /^BATCHING is on, but outputs in a batch differ .*: rows of this model influence each other\. Set BATCHING=auto or off\.$/,
    );
  });

  it.each([
    ['[[3],[99],[4]]', 'the model failed on row 1 of golden.json ('],
    ['[[99],[3]]', 'the model failed on row 0 of golden.json ('],
    [undefined, 'outputs in a batch are bit for bit'],
  ])('names the file whose rows the model fails on: %s', async (inputs, reason) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'golden-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    cpSync(testModel('fails-on-some-rows'), folder, { recursive: true });
    if (inputs !== undefined)
      writeFileSync(path.join(folder, 'golden.json'), `{"inputs":${inputs}}`);
    const { served } = await start({ MODEL_DIR: folder, LOG_LEVEL: 'silent', ENGINE: 'inline' });
    expect(served.serving.batchingReason.slice(0, reason.length)).toBe(reason);
  });

  it('is no for a model without rows', async () => {
    const env = { MODEL_DIR: testModel('state-and-scalar'), LOG_LEVEL: 'silent' };
    const { served } = await start(env);
    expect(served.serving.batchingReason).toBe(
      'dimension 0 of the inputs is not free, so rows cannot be put together',
    );
    await expect(start({ ...env, BATCHING: 'on' })).rejects.toThrow(
      'BATCHING is on, but dimension 0',
    );
  });
});

it('refuses what would wait for too long from the first request on: what a run takes is known from the start', async () => {
  const { served } = await start({
    MODEL_DIR: testModel('heavy'),
    WORKERS: '1',
    BATCHING: 'off',
    REQUEST_TIMEOUT_MS: '500',
    LOG_LEVEL: 'silent',
  });
  const submitted = Array.from({ length: 500 }, (_, i) => {
    const work = encodeInputs(served.model, Array<number>(1024).fill(1));
    return served.infer(work, new Call(`${i}`, {}), () => undefined);
  });
  const errors = (await Promise.allSettled(submitted)).map((one) =>
    one.status === 'rejected' ? one.reason : undefined,
  );
  expect(served.queueLimitRows).toBeLessThan(500);
  expect(errors[0]).toBe(undefined);
  expect(errors.at(-1)).toBeInstanceOf(OverloadedError);
  expect(errors.filter((error) => error instanceof OverloadedError).length).toBeGreaterThan(250);
});

describe('a batch', () => {
  it('in which one request makes the run fail fails for that request alone', async () => {
    const { predict, served } = await start({
      MODEL_DIR: testModel('fails-on-some-rows'),
      LOG_LEVEL: 'silent',
    });
    expect(served.serving.batching).toBe(true);
    const places = Array.from({ length: 40 }, (_, i) => (i % 8 === 5 ? 99 : i % 10));
    const answers = await Promise.all(places.map((place) => predict({ inputs: [place] })));
    for (const [i, place] of places.entries()) {
      expect(answers[i]?.status).toBe(place === 99 ? 500 : 200);
      if (place !== 99) expect(answers[i]?.body).toEqual({ prediction: [place ** 2] });
    }
  });

  it('holds only requests of the same shape', async () => {
    const { predict } = await start({
      MODEL_DIR: testModel('two-inputs'),
      LOG_LEVEL: 'silent',
      BATCHING: 'on',
    });
    const lengths = Array.from({ length: 30 }, (_, i) => (i % 3) + 1);
    const answers = await Promise.all(
      lengths.map((length, i) =>
        predict({
          inputs: { ids: Array<number>(length).fill(i), mask: Array<number>(length).fill(1) },
        }),
      ),
    );
    expect(answers.map(({ body }) => body.prediction)).toEqual(
      lengths.map((length, i) => [length * i]),
    );
  });

  it('larger than a run may be is run in pieces, and answered in order', async () => {
    const { predict, url } = await start({
      MODEL_DIR: testModel('fails-on-some-rows'),
      BATCH_MAX_ROWS: '16',
      LOG_LEVEL: 'silent',
    });
    const inputs = Array.from({ length: 100 }, (_, i) => [i % 10]);
    const { body } = await predict({ inputs });
    expect(body.prediction).toEqual(inputs.map(([place = 0]) => place ** 2));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^ml_api_batch_rows_count\{model="squares",version="v1"\} 7$/m);
    expect(metrics).toMatch(
      /^ml_api_batch_rows_bucket\{model="squares",le="16",version="v1"\} 7$/m,
    );
  });
});

describe('requests in one batch', () => {
  it('keep their own shapes, in whatever order each lists its inputs', async () => {
    const server = await start({
      MODEL_DIR: testModel('two-shapes'),
      LOG_LEVEL: 'silent',
      BATCHING: 'on',
    });
    const tensor = (name: string, shape: readonly number[], value: number) => ({
      name,
      shape,
      datatype: 'FP32',
      data: Array(6).fill(value),
    });
    const wide = [1, 2, 3];
    const tall = [1, 3, 2];
    const responses = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const [x, y] =
          i % 2 === 0
            ? [tensor('x', wide, i), tensor('y', tall, 1000 + i)]
            : [tensor('x', tall, i), tensor('y', wide, 1000 + i)];
        const inputs = i % 2 === 0 ? [x, y] : [y, x];
        const { body } = await server.http.post('/v2/models/model/infer').send({ inputs });
        return { sent: [x, y], received: body.outputs };
      }),
    );
    for (const { sent, received } of responses)
      for (const [i, { shape, data }] of sent.entries())
        expect(received[i]).toMatchObject({ shape, data });
  });
});

describe('a request of many rows', () => {
  it('runs whole after all where its pieces are not equally wide', async () => {
    const { served } = await start({
      MODEL_DIR: testModel('wide-as-its-largest'),
      LOG_LEVEL: 'silent',
    });
    expect(served.serving.batching).toBe(false); // the rows that the model was tried with have shown it
    const batcher = createBatcher(served.serving.engine, {
      batching: true,
      batchMaxRows: 2,
      queueMaxRows: 100,
      queueMaxBytes: () => 10_000,
      timeoutMs: 10_000,
      pace: undefined,
      onRun: () => {},
      onFault: () => {},
    });
    onTestFinished(() => batcher.close());
    const work = encodeInputs(served.model, [[1], [2], [3], [1]]);
    const { promise, resolve, reject } = Promise.withResolvers<RunResult | undefined>();
    batcher.submit(work, undefined, (error, result) => (error ? reject(error) : resolve(result)));
    const y = (await promise)?.outputs.get('y');
    expect(y?.dims).toEqual([4, 3]);
    expect([...(y?.data ?? [])].map(Number)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1]);
  });

  // By the number of rows, and by their time: 40 rows of this model take longer than a twentieth of a second.
  it.each([{ BATCH_MAX_ROWS: '2' }, { REQUEST_TIMEOUT_MS: '1000' }])(
    'lets others have their turn between its pieces: %j',
    async (env) => {
      const { predict } = await start({
        MODEL_DIR: testModel('heavy'),
        LOG_LEVEL: 'silent',
        WORKERS: '1',
        BATCHING: 'on',
        MAX_BODY_BYTES: '10000000',
        ...env,
      });
      const row = Array<number>(1024).fill(1);
      const ended: string[] = [];
      const many = predict({ inputs: Array(40).fill(row) }).then(() => ended.push('many'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const one = predict({ inputs: row }).then(() => ended.push('one'));
      await Promise.all([many, one]);
      expect(ended).toEqual(['one', 'many']);
    },
  );

  it('takes its queue and inference time once, though several pieces run at the same time', async () => {
    const { predict } = await start({
      MODEL_DIR: testModel('heavy'),
      LOG_LEVEL: 'silent',
      ENGINE: 'workers',
      WORKERS: '2',
      BATCHING: 'on',
      BATCH_MAX_ROWS: '1',
      REQUEST_TIMEOUT_MS: '60000',
    });
    const sent = performance.now();
    const { status, headers } = await predict({ inputs: Array(8).fill(Array(1024).fill(1)) });
    const durationMs = performance.now() - sent;
    expect(status).toBe(200);
    const [, queueMs, inferenceMs] =
      /^queue;dur=([\d.]+), inference;dur=([\d.]+)$/.exec(headers['server-timing'] ?? '') ?? [];
    expect(Number(inferenceMs)).toBeGreaterThan(0);
    expect(Number(queueMs) + Number(inferenceMs)).toBeLessThanOrEqual(durationMs);
  });

  it('is given up between its pieces once its client has gone', async () => {
    const { url, served } = await start({
      MODEL_DIR: testModel('heavy'),
      LOG_LEVEL: 'silent',
      WORKERS: '1',
      BATCHING: 'on',
      BATCH_MAX_ROWS: '1',
      MAX_BODY_BYTES: '10000000',
    });
    const abort = new AbortController();
    const gone = fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ inputs: Array(100).fill(Array<number>(1024).fill(1)) }),
      signal: abort.signal,
    }).catch((error: Error) => error.name);
    await expect.poll(() => served.queuedRows).toBeGreaterThan(0);
    abort.abort();
    expect(await gone).toBe('AbortError');
    await expect.poll(() => served.queuedRows).toBe(0);
    const runs = async () =>
      Number(/batch_rows_count\S* (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    const before = await runs();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await runs()) - before).toBeLessThanOrEqual(1);
  });
});

describe('too much to do', () => {
  const heavy = {
    MODEL_DIR: testModel('heavy'),
    LOG_LEVEL: 'silent',
    WORKERS: '1',
    BATCHING: 'off',
  };
  const inputs = Array<number>(1024).fill(1);

  it('is refused with 503 and Retry-After once the queue is full; what was taken is answered', async () => {
    const { predict } = await start({ ...heavy, QUEUE_MAX_ROWS: '4', MAX_ROWS: '4' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => predict({ inputs })));
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(20);
    expect(refused.length).toBeGreaterThan(0);
    for (const { body, headers } of refused) {
      expect(body).toMatchObject({
        type: 'urn:ml-api:problem:overloaded',
        detail: `4 rows are waiting, and at most 4 may wait. Try again after ${headers['retry-after']} s.`,
      });
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  it.each([
    ['/predict', (row: number[], rows: number) => ({ inputs: Array(rows).fill(row) })],
    [
      '/v2/models/model/infer',
      (row: number[], rows: number) => ({
        inputs: [
          { name: 'x', shape: [rows, 1024], datatype: 'FP32', data: Array(rows).fill(row).flat() },
        ],
      }),
    ],
  ])(
    'is told by the length of a body, before it is parsed: %s',
    async (path, bodyOf) => {
      const { url, served } = await start({ ...heavy, QUEUE_MAX_ROWS: '4', MAX_ROWS: '4' });
      const post = async (body: string | ReadableStream) => {
        const response = await fetch(url + path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body,
          duplex: 'half',
        } as RequestInit);
        await response.arrayBuffer();
        return response.status;
      };
      const [one, four] = [1, 4].map((rows) => JSON.stringify(bodyOf(inputs, rows)));
      if (one === undefined || four === undefined) throw new Error('there are bodies');
      expect(await post(four)).toBe(200); // so many bytes are four rows
      const taken = Array.from({ length: 4 }, () => post(one));
      await expect.poll(() => served.queuedRows, { interval: 5 }).toBe(3);
      // None of them can be parsed, which shows only in the one for which there is room.
      const ofUnknownLength = new Blob([four.slice(0, -1)]).stream();
      expect(
        await Promise.all([one.slice(0, -1), four.slice(0, -1), ofUnknownLength].map(post)),
      ).toEqual([400, 503, 503]);
      expect(await Promise.all(taken)).toEqual([200, 200, 200, 200]);
    },
    20_000,
  );

  it('is not what many requests are that the model fails on, even where no trial run was right', async () => {
    const model = mkdtempSync(path.join(tmpdir(), 'fails-'));
    onTestFinished(() => rmSync(model, { recursive: true }));
    cpSync(testModel('fails-on-some-rows'), model, { recursive: true });
    // The trial runs take the example.
    const features = [{ name: 'place', example: 99 }];
    writeFileSync(path.join(model, 'model.json'), JSON.stringify({ features }));
    const { predict } = await start({ MODEL_DIR: model, LOG_LEVEL: 'silent' });
    const statusesOf = async (place: number) => {
      const asked = Array.from({ length: 50 }, () => predict({ inputs: [place] }));
      return [...new Set((await Promise.all(asked)).map(({ status }) => status))];
    };
    expect(await Promise.all([statusesOf(99), statusesOf(3)])).toEqual([[500], [200]]);
    expect(await statusesOf(3)).toEqual([200]);
  });

  it('ends with 504 for a request whose deadline passes', async () => {
    // Where nothing waits it is taken, whatever it is thought to need: here far more than its deadline.
    const { predict } = await start({ ...heavy, REQUEST_TIMEOUT_MS: '50', MAX_ROWS: '100' });
    const { status, body } = await predict({ inputs: Array(100).fill(inputs) });
    expect([status, body.type]).toEqual([504, 'urn:ml-api:problem:deadline-exceeded']);
    expect(body.detail).toBe(
      'No prediction within 50 ms. Send fewer rows, or try again when there is less load.',
    );
  });

  it('is refused at once where the wait would exceed the deadline, and hardly anything that was taken is late', async () => {
    const { predict } = await start({ ...heavy, REQUEST_TIMEOUT_MS: '2000' });
    await Promise.all(Array.from({ length: 3 }, () => predict({ inputs }))); // it learns its rate
    const responses = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, 10 * i));
        return predict({ inputs });
      }),
    );
    const refused = responses.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(50);
    for (const { body, headers } of refused) {
      expect(body.detail).toMatch(
        /^The wait would be about \d+ ms; it may take 1600 ms of the deadline of 2000 ms\. Try again after \d+ s\.$/,
      );
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    }
    // A machine that slows down meanwhile makes some late: a prediction is no promise.
    const late = responses.filter(({ status }) => status === 504);
    expect(late.length).toBeLessThan(refused.length / 2);
    expect(responses.filter(({ status }) => status === 200).length).toBeGreaterThan(10);
  });

  it('is refused where the requests that wait would take too much memory', async () => {
    const { predict } = await start({ ...heavy, QUEUE_MAX_BYTES: '10000' });
    const responses = await Promise.all(Array.from({ length: 20 }, () => predict({ inputs })));
    const refused = responses.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(5);
    expect(refused[0]?.body.detail).toMatch(
      /^Requests of \d+ bytes are waiting, and at most 10000 bytes may wait\./,
    );
  });

  it('has an eighth of the memory, divided by the threads that serve, also where these have come later', async () => {
    const thread = new MainThread();
    const { predict, parts } = await start(heavy, thread);
    const statuses = async () => {
      const responses = await Promise.all(Array.from({ length: 10 }, () => predict({ inputs })));
      return responses.map(({ status, body }) => (status === 503 ? body.detail : status));
    };
    expect(new Set(await statuses())).toEqual(new Set([200]));
    thread.state.threads = Math.ceil(parts.resources.memoryBytes / 8 / 10_000);
    const most = Math.floor(parts.resources.memoryBytes / 8 / thread.state.threads);
    expect(await statuses()).toContainEqual(
      expect.stringContaining(`bytes are waiting, and at most ${most} bytes may wait.`),
    );
    thread.state.threads = 1;
    expect(new Set(await statuses())).toEqual(new Set([200]));
  });

  it('a request whose client went away leaves the queue', async () => {
    const { url, served, logs } = await start({ ...heavy, LOG_LEVEL: 'info' });
    const abort = new AbortController();
    const post = (signal?: AbortSignal) =>
      fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ inputs }),
        ...(signal && { signal }),
      });
    const kept = post();
    const given = Array.from({ length: 10 }, () =>
      post(abort.signal).catch((error: Error) => error.name),
    );
    await expect.poll(() => served.queuedRows).toBeGreaterThan(5);
    abort.abort();
    expect(await Promise.all(given)).toContain('AbortError');
    expect((await kept).status).toBe(200);
    await expect.poll(() => served.queuedRows).toBe(0);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const runs = Number(/^ml_api_batch_rows_count\{.*\} (\d+)$/m.exec(metrics)?.[1]);
    expect(runs).toBeLessThan(11); // those that were given up while they waited were never run
    expect(logs.filter((line) => line['status'] === 499)).not.toHaveLength(0);
  });
});
