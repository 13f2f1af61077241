// A challenger in the shadow of a champion: compared rightly, and without an effect on who asks the champion.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import v1 from '../../model/v1/golden.json' with { type: 'json' };
import { freePort } from './free-port.ts';
import { binaryRequest, float32, infer, postBytes } from './open-inference.ts';
import { keysFile, type Running, start } from './start.ts';

const setosa = [5.1, 3.5, 1.4, 0.2];

/** A champion whose shadow is the server at a URL. */
const champion = (url: string, env: Readonly<Record<string, string>> = {}) =>
  start({ SHADOW: `v2@${url}`, SHADOW_RATE: '100000', ...env });

const challenger = (env: Readonly<Record<string, string>> = {}) =>
  start({ MODEL_DIR: new URL('../../model/v2', import.meta.url).pathname, ...env });

/** A challenger with a fault. */
async function faulty(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const reportOf = async ({ http }: Running) => (await http.get('/shadow/disagreements')).body;

/** Waits until so many requests have come to an end in the shadow. */
async function whenDone(server: Running, requests: number) {
  return expect
    .poll(() => reportOf(server), { timeout: 10_000 })
    .toSatisfy(
      ({ requests: counts }: { requests: Record<string, number> }) =>
        Object.values(counts).reduce((sum, one) => sum + one) === requests,
    )
    .then(() => reportOf(server));
}

describe('a challenger that works', () => {
  it('disagrees on just the rows that both versions, asked one by one, differ in', async () => {
    const other = await challenger();
    const server = await champion(other.url, { SHADOW_KEEP: '150', SHADOW_MAX_IN_FLIGHT: '150' });
    const expected: unknown[] = [];
    for (const row of v1.inputs) {
      const [one, two] = [
        await server.predict({ inputs: row }),
        await other.predict({ inputs: row }),
      ];
      if (one.body.prediction[0] !== two.body.prediction[0]) expected.push(row);
    }
    expect(expected.length).toBeGreaterThan(0); // else this test would show nothing
    const report = await whenDone(server, 150);
    expect(report).toMatchObject({
      champion: 'v1',
      challenger: 'v2',
      requests: { agreed: 150 - expected.length, disagreed: expected.length, failed: 0 },
      rows: { agreed: 150 - expected.length, disagreed: expected.length },
      disagreement: expected.length / 150,
    });
    const found = report.disagreements.map(({ inputs }: { inputs: unknown }) => inputs);
    expect(found.toSorted()).toEqual(expected.toSorted());
    const [first] = report.disagreements;
    expect(first.champion.prediction).not.toBe(first.challenger.prediction);
    expect(first.champion.probabilities).toHaveLength(3);
    expect(first.challenger.probabilities).toHaveLength(3);
  });

  it('is compared row by row in a batch, and keeps the row and the id of the request', async () => {
    const other = await challenger();
    const server = await champion(other.url, { SHADOW_KEEP: '2' });
    await server.http.post('/predict').set('X-Request-Id', 'batch-1').send({ inputs: v1.inputs });
    const { requests, rows, keeps, disagreements } = await whenDone(server, 1);
    expect(requests.disagreed).toBe(1);
    expect(rows.agreed + rows.disagreed).toBe(150);
    expect(rows.disagreed).toBeGreaterThan(2);
    expect(keeps).toBe(2);
    expect(disagreements).toHaveLength(2);
    expect(disagreements[0].requestId).toBe('batch-1');
    expect(disagreements[0].inputs).toHaveLength(4);
    expect(other.logs).toContainEqual(expect.objectContaining({ requestId: 'batch-1' }));
  });

  it.each([['inline'], ['workers']])(
    'gets the calls of the Open Inference Protocol too, JSON and binary, where runs are %s',
    async (ENGINE) => {
      const other = await challenger();
      const server = await champion(other.url, { SHADOW_KEEP: '150', ENGINE });
      const shape = [v1.inputs.length, 4];
      const tensor = { name: 'inputs', shape, datatype: 'FP32' };
      await infer(server, { inputs: [{ ...tensor, data: v1.inputs.flat() }] }).expect(200);
      const data = float32(...v1.inputs.flat());
      const parameters = { binary_data_size: data.length };
      const { body, length } = binaryRequest({ inputs: [{ ...tensor, parameters }] }, data);
      const headers = { 'Inference-Header-Content-Length': length };
      await postBytes(server, '/v2/models/iris/infer', body, headers).expect(200);
      await server.predict({ inputs: v1.inputs }).expect(200);
      const { requests, rows, disagreements } = await whenDone(server, 3);
      expect(requests).toMatchObject({ disagreed: 3, failed: 0, dropped: 0 });
      expect(rows.agreed + rows.disagreed).toBe(450);
      expect(rows.disagreed).toBe(disagreements.length);
      expect(rows.disagreed % 3).toBe(0); // each way the same
    },
  );

  it.each([
    ['/predict', (server: Running) => server.predict({ inputs: [[4], [5]] })],
    [
      'binary',
      (server: Running) => {
        const data = Buffer.from(BigInt64Array.of(4n, 5n).buffer);
        const parameters = { binary_data_size: data.length };
        const tensor = { name: 'x', shape: [2, 1], datatype: 'INT64', parameters };
        const { body, length } = binaryRequest({ inputs: [tensor] }, data);
        const headers = { 'Inference-Header-Content-Length': length };
        return postBytes(server, '/v2/models/large-classes/infer', body, headers);
      },
    ],
  ])('agrees on classes beyond 2^53, with all digits: %s', async (_form, ask) => {
    const MODEL_DIR = new URL('models/large-classes', import.meta.url).pathname;
    const env = { MODEL_DIR, MODEL_NAME: 'large-classes' };
    const server = await champion((await start(env)).url, env);
    await ask(server).expect(200);
    expect((await whenDone(server, 1)).requests).toMatchObject({ agreed: 1 });
    const other = await faulty((_req, res) =>
      res.end('{"prediction":[9007199254740996,9007199254740998]}'),
    );
    const doubted = await champion(other, { ...env, SHADOW_KEEP: '2' });
    await ask(doubted).expect(200);
    await whenDone(doubted, 1);
    const { text } = await doubted.http.get('/shadow/disagreements');
    expect(text).toContain('"champion":{"prediction":9007199254740997,');
    expect(text).toContain('"challenger":{"prediction":9007199254740998}');
  });

  it('takes no more than a share of the time, whatever it is sent', async () => {
    const env = { MAX_ROWS: '60000', QUEUE_MAX_ROWS: '60000', LOG_LEVEL: 'silent' };
    const other = await challenger({ ...env, MAX_BODY_BYTES: '10000000' });
    const server = await champion(other.url, { ...env, SHADOW_TIMEOUT_MS: '60000' });
    const data = Buffer.from(new Float32Array(200_000).fill(1 / 3).buffer);
    const parameters = { binary_data_size: data.length };
    const tensor = { name: 'inputs', shape: [50_000, 4], datatype: 'FP32', parameters };
    const { body, length } = binaryRequest({ inputs: [tensor] }, data);
    const headers = { 'Inference-Header-Content-Length': length };
    for (let i = 0; i < 60; i++)
      await postBytes(server, '/v2/models/iris/infer', body, headers).expect(200);
    // How many are asked, and how the challenger copes with them, depends on the machine.
    const { dropped } = (await whenDone(server, 60)).requests;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(60);
  }, 60_000);

  it('is not sent what JSON cannot carry', async () => {
    const other = await challenger();
    const server = await champion(other.url);
    const data = float32(Number.NaN, 1, 1, 1);
    const parameters = { binary_data_size: data.length };
    const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', parameters };
    const { body, length } = binaryRequest({ inputs: [tensor] }, data);
    const headers = { 'Inference-Header-Content-Length': length };
    await postBytes(server, '/v2/models/iris/infer', body, headers).expect(200);
    expect((await whenDone(server, 1)).requests).toMatchObject({ dropped: 1, failed: 0 });
  });

  it('keeps just the row of named inputs, too', async () => {
    const url = await faulty((_req, res) => res.end('{"prediction":[0,0]}'));
    const MODEL_DIR = new URL('models/two-inputs', import.meta.url).pathname;
    const server = await champion(url, { SHADOW_KEEP: '9', MODEL_DIR });
    const inputs = {
      ids: [
        [1, 2],
        [3, 4],
      ],
      mask: [
        [1, 0],
        [1, 1],
      ],
    };
    expect((await server.predict({ inputs })).status).toBe(200);
    const { disagreements } = await whenDone(server, 1);
    expect(disagreements.map((one: { inputs: unknown }) => one.inputs)).toEqual([
      { ids: [3, 4], mask: [1, 1] },
      { ids: [1, 2], mask: [1, 0] },
    ]);
  });

  it('keeps no more than 16 MiB of large inputs, the newest', async () => {
    const url = await faulty((_req, res) => res.end('{"prediction":["none"]}'));
    const MODEL_DIR = new URL('models/two-inputs', import.meta.url).pathname;
    const server = await champion(url, {
      SHADOW_KEEP: '100',
      MODEL_DIR,
      MAX_BODY_BYTES: '8000000',
    });
    const wide = Array<number>(250_000).fill(1234567890123); // 4 MB as JSON, with the mask
    for (let i = 1; i <= 6; i++) {
      const inputs = { ids: wide, mask: Array<number>(250_000).fill(1) };
      const { status } = await server.http
        .post('/predict')
        .set('X-Request-Id', `large-${i}`)
        .send({ inputs });
      expect(status).toBe(200);
      await whenDone(server, i);
    }
    const { disagreements } = await reportOf(server);
    expect(disagreements.map((one: { requestId: string }) => one.requestId)).toEqual([
      'large-6',
      'large-5',
      'large-4',
      'large-3',
    ]);
  });

  it('keeps no inputs unless it is told to', async () => {
    const server = await champion((await challenger()).url);
    await server.predict({ inputs: v1.inputs });
    const { rows, keeps, disagreements } = await whenDone(server, 1);
    expect(rows.disagreed).toBeGreaterThan(0);
    expect({ keeps, disagreements }).toEqual({ keeps: 0, disagreements: [] });
  });

  it('is counted in the metrics, with the difference of probabilities and of latency', async () => {
    const server = await champion((await challenger()).url);
    await server.predict({ inputs: v1.inputs });
    const { rows } = await whenDone(server, 1);
    const { text } = await server.http.get('/metrics');
    const series = (name: string, labels = '') =>
      Number(
        new RegExp(
          `^${name}{(?:challenger="v2"${labels},version="v1"|version="v1",challenger="v2")} (.+)$`,
          'm',
        ).exec(text)?.[1],
      );
    expect(series('ml_api_shadow_requests_total', ',outcome="disagreed"')).toBe(1);
    expect(series('ml_api_shadow_requests_total', ',outcome="dropped"')).toBe(0);
    expect(series('ml_api_shadow_rows_total', ',outcome="disagreed"')).toBe(rows.disagreed);
    expect(series('ml_api_shadow_rows_total', ',outcome="agreed"')).toBe(150 - rows.disagreed);
    expect(series('ml_api_shadow_probability_difference_count')).toBe(1);
    expect(series('ml_api_shadow_probability_difference_sum')).toBeGreaterThan(0);
    expect(series('ml_api_shadow_latency_difference_seconds_count')).toBe(1);
  });

  it('gets a share of the requests, and no more a second than it may', async () => {
    const other = await challenger();
    const some = await champion(other.url, { SHADOW_SHARE: '0' });
    const few = await champion(other.url, { SHADOW_RATE: '1' });
    for (let i = 0; i < 20; i++)
      await Promise.all([some.predict({ inputs: setosa }), few.predict({ inputs: setosa })]);
    await expect.poll(async () => (await reportOf(few)).requests.agreed).toBeGreaterThan(0);
    expect((await reportOf(some)).requests.agreed).toBe(0);
    expect((await reportOf(few)).requests.agreed).toBeLessThan(20);
  });

  it('is asked with the API key of who asked', async () => {
    const API_KEYS_FILE = keysFile();
    const other = await challenger({ API_KEYS_FILE });
    const server = await champion(other.url, { API_KEYS_FILE });
    const key = { 'X-API-Key': 'first-key' };
    await server.http.post('/predict').set(key).send({ inputs: setosa });
    expect((await server.http.get('/shadow/disagreements')).status).toBe(401);
    await expect
      .poll(
        async () => (await server.http.get('/shadow/disagreements').set(key)).body.requests.agreed,
      )
      .toBe(1);
  });

  it('is told of at the port of the metrics, where that is another', async () => {
    const server = await champion((await challenger()).url, { METRICS_PORT: '0' });
    expect((await server.http.get('/shadow/disagreements')).status).toBe(404);
    const answer = await fetch(`http://127.0.0.1:${server.metricsPort}/shadow/disagreements`);
    expect(await answer.json()).toMatchObject({ champion: 'v1', challenger: 'v2' });
  });
});

describe('a challenger with a fault leaves the champion as it is', () => {
  const predictsAsEver = async (server: Running) => {
    const { status, body } = await server.predict({ inputs: setosa });
    expect({ status, body }).toEqual({ status: 200, body: { prediction: [0] } });
  };

  it.each([
    ['answers errors', 500, 'no', /answered 500: no$/],
    ['is another thing', 200, '<html>', /is not valid JSON/],
    ['gives no prediction', 200, '{"a":1}', /returned no prediction: {"a":1}/],
  ])('%s', async (_what, status, text, why) => {
    const server = await champion(await faulty((_req, res) => res.writeHead(status).end(text)));
    await predictsAsEver(server);
    const report = await whenDone(server, 1);
    expect(report.requests.failed).toBe(1);
    expect(report.firstFailure).toMatch(why);
  });

  it.each([
    ['more', Array(300_001).fill(0)],
    ['none', []],
  ])('gives predictions for other rows: %s', async (_what, prediction) => {
    const url = await faulty((_req, res) => res.end(JSON.stringify({ prediction })));
    const server = await champion(url, { SHADOW_KEEP: '9' });
    await predictsAsEver(server);
    expect(await whenDone(server, 1)).toMatchObject({
      requests: { failed: 1, agreed: 0, disagreed: 0 },
      rows: { agreed: 0, disagreed: 0 },
      firstFailure: `${url} answered ${prediction.length} predictions to 1 row`,
      disagreements: [],
    });
  });

  it('has a password in its URL, which is not told', async () => {
    const url = await faulty((_req, res) => res.writeHead(500).end('no'));
    const server = await champion(url.replace('http://', 'http://me:hunter2@'));
    await predictsAsEver(server);
    const { firstFailure } = await whenDone(server, 1);
    expect(firstFailure).toBe(`${url} answered 500: no`);
  });

  it('is dead', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const server = await champion(url);
    await predictsAsEver(server);
    const { requests, firstFailure } = await whenDone(server, 1);
    expect(requests.failed).toBe(1);
    expect(firstFailure).toBe(`${url}: connect ECONNREFUSED ${new URL(url).host}`);
  });

  it('floods: it is left before it fills the memory', async () => {
    const flood = await faulty((_req, res) => {
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(1024 * 1024, ' ')));
      };
      res.on('drain', more);
      more();
    });
    const server = await champion(flood, { SHADOW_TIMEOUT_MS: '60000' });
    await predictsAsEver(server);
    const { requests, firstFailure } = await whenDone(server, 1);
    expect(requests.failed).toBe(1);
    expect(firstFailure).toMatch(/answered more than 16777216 bytes/);
  });

  it('hangs: a few requests wait in its shadow, the others are dropped, and none of the callers', async () => {
    const server = await champion(await faulty(() => {}), {
      SHADOW_MAX_IN_FLIGHT: '3',
      SHADOW_TIMEOUT_MS: '300',
    });
    for (let i = 0; i < 10; i++) await predictsAsEver(server);
    const { requests, firstFailure } = await whenDone(server, 10);
    expect(requests.timed_out).toBeGreaterThanOrEqual(3);
    expect(requests.timed_out + requests.dropped).toBe(10);
    expect(firstFailure).toMatch(/did not answer within 300 ms/);
  });

  it('hangs while the champion stops: it stops all the same', async () => {
    const server = await champion(await faulty(() => {}), { SHADOW_TIMEOUT_MS: '60000' });
    await predictsAsEver(server);
    await server.stop();
  });
});

describe('without a challenger', () => {
  it('there is nothing to tell, and how to get it', async () => {
    const { status, body } = await (await start()).http.get('/shadow/disagreements');
    expect(status).toBe(404);
    expect(body.detail).toMatch(/shadows no version. Set SHADOW/);
  });

  it('the contract is the same as with one', async () => {
    const other = await challenger();
    const [without, with_] = [await start(), await champion(other.url)];
    expect(with_.served.contract.hash).toBe(without.served.contract.hash);
  });

  it.each([
    ['v2', 'v2'],
    ['http://host', 'http…'],
    ['v2@ftp://me:hunter2@host', 'v2…'],
    ['v2@me:hunter2@host?token=hunter2', 'v2…'],
    ['v2@nothing', 'v2…'],
  ])('refuses SHADOW=%s, without its URL, which may hold a password', async (SHADOW, said) => {
    await expect(start({ SHADOW })).rejects.toThrow(
      `SHADOW: expected a version such as v2@http://host/v2, got "${said}"\n`,
    );
  });
});
