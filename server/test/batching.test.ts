// Batching can neither corrupt nor hide: what is put together, what is not, and what happens when it fails.
import { describe, expect, it } from 'vitest';
import { start, testModel } from './start.ts';

describe('the decision to batch', () => {
  it('is made by comparing batched outputs with those of single rows', async () => {
    const { context } = await start();
    expect(context.serving).toMatchObject({
      batching: true,
      batchingReason: 'outputs in a batch are bit for bit those of single rows',
    });
  });

  it('is no for a model whose rows influence each other, whatever the configuration says', async () => {
    const env = {
      MODEL_DIR: testModel('rows-influence-each-other'),
      LOG_LEVEL: 'silent',
      ENGINE: 'inline',
    };
    const { context, predict } = await start(env);
    expect(context.serving.batching).toBe(false);
    expect(context.serving.batchingReason).toMatch(
      /^outputs in a batch differ from those of single rows by up to/,
    );
    expect((await predict({ inputs: [3, 4] })).body).toEqual({ prediction: [[0, 0]] });
    await expect(start({ ...env, BATCHING: 'on' })).rejects.toThrow(
      /^BATCHING is on, but outputs in a batch differ .*: rows of this model influence each other\. Set BATCHING=auto or off\.$/,
    );
  });

  it('is no for a model without rows', async () => {
    const env = { MODEL_DIR: testModel('state-and-scalar'), LOG_LEVEL: 'silent' };
    const { context } = await start(env);
    expect(context.serving.batchingReason).toBe(
      'dimension 0 of the inputs is not free, so rows cannot be put together',
    );
    await expect(start({ ...env, BATCHING: 'on' })).rejects.toThrow(
      'BATCHING is on, but dimension 0',
    );
  });
});

describe('a batch', () => {
  it('in which one request makes the run fail fails for that request alone', async () => {
    const { predict, context } = await start({
      MODEL_DIR: testModel('fails-on-some-rows'),
      LOG_LEVEL: 'silent',
    });
    expect(context.serving.batching).toBe(true);
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
    expect(metrics).toMatch(/^ml_api_batch_rows_count\{version="v1"\} 7$/m);
    expect(metrics).toMatch(/^ml_api_batch_rows_bucket\{le="16",version="v1"\} 7$/m);
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
        detail: '4 rows are waiting, which is the limit. Try again after 1 s.',
      });
      expect(headers['retry-after']).toBe('1');
    }
  });

  it('ends with 504 for the requests whose deadline passes', async () => {
    const { predict } = await start({ ...heavy, REQUEST_TIMEOUT_MS: '150' });
    const answers = await Promise.all(Array.from({ length: 30 }, () => predict({ inputs })));
    const late = answers.filter(({ status }) => status === 504);
    expect(late.length).toBeGreaterThan(0);
    expect(late[0]?.body).toMatchObject({
      type: 'urn:ml-api:problem:deadline-exceeded',
      detail: 'No prediction within 150 ms. Send fewer rows, or try again when there is less load.',
    });
  });

  it('a request whose client went away leaves the queue', async () => {
    const { url, context, logs } = await start({ ...heavy, LOG_LEVEL: 'info' });
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
    await expect.poll(() => context.batcher.queuedRows).toBeGreaterThan(5);
    abort.abort();
    expect(await Promise.all(given)).toContain('AbortError');
    expect((await kept).status).toBe(200);
    await expect.poll(() => context.batcher.queuedRows).toBe(0);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const runs = Number(/^ml_api_batch_rows_count\{.*\} (\d+)$/m.exec(metrics)?.[1]);
    expect(runs).toBeLessThan(11); // those that were given up while they waited were never run
    expect(logs.filter((line) => line['status'] === 499)).not.toHaveLength(0);
  });
});
