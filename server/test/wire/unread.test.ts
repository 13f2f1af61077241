// Clients that do not read their response, or read it slowly: the former are cut off, and nothing of theirs stays in memory.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { collect } from '../program.ts';
import { testModel } from '../start.ts';
import {
  CLOSE,
  expectProblem,
  head,
  type Predictor,
  predictorFor,
  type Received,
  readResponses,
  refusals,
  statuses,
} from './wire.ts';

const WIDTH = 600_000;

/** Far more than the kernel takes of a response that is not read: the sum of two long rows, in 20 digits an element. */
const request = (() => {
  const row = `[${Array(WIDTH).fill('0.1').join()}]`;
  const body = `{"inputs":{"a":${row},"b":${row}}}`;
  return `${head(`Content-Length: ${body.length}\r\n${CLOSE}`)}\r\n${body}`;
})();

/** Sends bytes and reads nothing of the response. */
async function unread(predictor: Predictor, bytes = request): Promise<Socket> {
  const socket = await predictor.open();
  socket.pause();
  await new Promise((resolve) => socket.write(bytes, resolve));
  return socket;
}

/** What comes until the server closes the connection. */
async function readAll(socket: Socket): Promise<Received[]> {
  const received = collect(socket.setEncoding('latin1'));
  socket.resume();
  await once(socket, 'end');
  return readResponses(received.text);
}

const inFlight = async ({ url }: Predictor) => {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  return Number(/^ml_api_requests_in_flight{.*} (.+)$/m.exec(text)?.[1]) - 1; // without the one that asks
};

describe('a response', () => {
  const predictor = predictorFor(
    {
      MODEL_DIR: testModel('equal-sizes'),
      MAX_BODY_BYTES: '16000000',
      STALL_TIMEOUT_MS: '1500',
    },
    {
      request: `GET /livez HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`,
      right: 'ok',
      warmUp: request,
    },
  );

  it('that is not read is given up', async () => {
    const sockets = await Promise.all([1, 2, 3].map(() => unread(predictor())));
    await expect.poll(() => inFlight(predictor())).toBeGreaterThan(0);
    await expect.poll(() => inFlight(predictor())).toBe(0);
    expect(await refusals(predictor())).toMatchObject({ stalled: 3 });
    for (const socket of sockets) socket.destroy();
  });

  it('that is one of 500 that are not read is given up with them', async () => {
    const others = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(499);
    const socket = await unread(predictor(), request.replace(CLOSE, '') + others);
    await expect.poll(() => inFlight(predictor())).toBeGreaterThan(0);
    await expect.poll(() => inFlight(predictor()), { timeout: 10_000 }).toBe(0);
    expect(await refusals(predictor())).toMatchObject({ stalled: 4, overloaded: 1 });
    socket.destroy();
  });

  it('of a hundred large ones that are not read is refused where it would fill the memory', async () => {
    const { length } = await fetch(`${predictor().url}/openapi.json`).then((response) =>
      response.text(),
    );
    const before = await refusals(predictor());
    const many = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100);
    const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => unread(predictor(), many)));
    expect(100 * length).toBeGreaterThan(4 * 1024 * 1024); // else nothing of it would be too much
    await expect
      .poll(async () => (await refusals(predictor()))['overloaded'])
      .toBe((before['overloaded'] ?? 0) + 5);
    const responses = await Promise.all(sockets.map((socket) => readAll(socket)));
    for (const received of responses) {
      expect(received.length).toBeLessThan(60);
      expect(new Set(statuses(received.slice(0, -1)))).toEqual(new Set([200]));
      expectProblem(received.at(-1), 503);
    }
  });

  it('that is read slowly comes whole', async () => {
    const socket = await unread(predictor());
    let length = 0;
    let pauses = 0;
    for await (const chunk of socket) {
      length += chunk.length;
      if (length < pauses * 500_000) continue;
      pauses++;
      await sleep(150);
    }
    expect(pauses).toBeGreaterThan(20); // longer than STALL_TIMEOUT_MS in all
    expect(length).toBeGreaterThan(WIDTH * 20);
  });
});
