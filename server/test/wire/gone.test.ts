// Clients that go away in mid-request, by the thousand, while a model is running: their work is given up, and nothing is left.
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../program.ts';
import { testModel } from '../start.ts';
import { CANARY, CLOSE, head, type Predictor, predictorFor, RIGHT, whole } from './wire.ts';

const CLIENTS = 3000;
const AT_ONCE = 100;

/** Sends the first bytes of a request and goes away, with FIN or RST, in all places of the request, the ends too. */
async function leave(predictor: Predictor, request: string): Promise<void> {
  for (let round = 0; round < CLIENTS / AT_ONCE; round++)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, i) => {
        const socket = await predictor.open();
        const cut = Math.floor((request.length * i) / (AT_ONCE - 1));
        socket.write(request.slice(0, cut), () =>
          i % 2 === 0 ? socket.destroy() : socket.resetAndDestroy(),
        );
        await new Promise((resolve) => socket.once('close', resolve)); // with an error or without
      }),
    );
}

const infer = (data: string) => {
  const body = `{"inputs":[{"name":"inputs","datatype":"FP32","shape":[1,4],"data":[${data}]}]}`;
  return `${head(`Content-Length: ${body.length}\r\n`, '/v2/models/iris/infer')}\r\n${body}`;
};

describe(`${CLIENTS} clients that go away`, () => {
  const predictor = predictorFor({});
  afterEach(() => expect.poll(() => inFlight(predictor())).toBe('1')); // the one that asks

  it.each([
    ['in a request to predict', whole(`X-A: ${CANARY}\r\n`)],
    ['in a request of the Open Inference Protocol', infer('5.1,3.5,1.4,0.2')],
    [
      'in a chunk',
      `${head('Transfer-Encoding: chunked\r\n')}\r\n1c\r\n{"inputs":[5.1,3.5,1.4,0.2]}\r\n0\r\n\r\n`,
    ],
    ['in one of many requests', whole().repeat(20)],
  ])('%s leave nothing behind', async (_what, request) => {
    await leave(predictor(), request);
  });
});

describe(`${CLIENTS} clients that go away while a model runs for long`, () => {
  const row = JSON.stringify({ inputs: Array<number>(1024).fill(1) });
  const request = `${head(`Content-Length: ${row.length}\r\nX-A: ${CANARY}\r\n${CLOSE}`)}\r\n${row}`;
  const predictor = predictorFor(
    {
      MODEL_DIR: testModel('heavy'),
      REQUEST_TIMEOUT_MS: '60000',
      ENGINE: 'workers',
      WORKERS: '1',
      BATCHING: 'off',
      MAX_ROWS: '1',
    },
    { request: `GET /livez HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, right: 'ok', warmUp: request },
  );

  it('leave the queue to those who stay', async () => {
    const staying = await Promise.all([1, 2, 3].map(() => predictor().open()));
    const received = staying.map((socket) => collect(socket));
    for (const socket of staying) socket.write(request);
    await leave(predictor(), request);
    await expect.poll(() => queued(predictor()), { timeout: 30_000 }).toBe('0');
    await Promise.all(staying.map((socket) => socket.readableEnded || once(socket, 'end')));
    for (const { text } of received) expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(received[0]?.text).not.toContain(RIGHT);
  });
});

const metric = async ({ url }: Predictor, name: string) => {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  return new RegExp(`^${name}{.*} (.+)$`, 'm').exec(text)?.[1];
};
const inFlight = (predictor: Predictor) => metric(predictor, 'ml_api_requests_in_flight');
const queued = (predictor: Predictor) => metric(predictor, 'ml_api_queue_rows');
