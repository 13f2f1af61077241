// Requests that stop on their way, and those that are only slow.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { uploadTimeFor } from '../../src/protocols/http/listener.ts';
import { collect } from '../program.ts';
import {
  BODY,
  CANARY,
  expectProblem,
  head,
  inChunks,
  LAST,
  predictorFor,
  RIGHT,
  readResponses,
  statuses,
  whole,
} from './wire.ts';

const SHORT = { HEADERS_TIMEOUT_MS: '700', UPLOAD_TIMEOUT_MS: '4000' };

describe('a request that stops', () => {
  const predictor = predictorFor({ ...SHORT, UPLOAD_TIMEOUT_MS: '1000' });

  it.each([
    ['before its first byte', '', 408],
    ['in the request line', `POST /${CANARY}`, 408],
    ['after some headers', head(), 408],
    ['after the headers', `${head('Content-Length: 28\r\n')}\r\n`, 408],
    ['within the body', `${head('Content-Length: 28\r\n')}\r\n{`, 408],
    ['within a chunk', inChunks('1c\r\n{"in'), 408],
    ['between two chunks', inChunks('1\r\n{\r\n'), 408],
    ['within the trailers', inChunks(`1c\r\n${BODY}\r\n0\r\nX-A: ${CANARY}`), 408],
    [
      'after its response, with its body unsent',
      `${head('Content-Length: 28\r\n', '/nowhere')}\r\n`,
      404,
    ],
  ])('%s gets one response, and its connection is closed', async (_what, bytes, status) => {
    const responses = await predictor().send(bytes);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], status);
  });

  it('in the second on a connection, too', async () => {
    expect(statuses(await predictor().send(whole() + head()))).toEqual([200, 408]);
  });
});

describe('a request that gets on, however slowly', () => {
  const predictor = predictorFor(SHORT);

  it('may take longer than HEADERS_TIMEOUT_MS for its body', async () => {
    const socket = await predictor().open();
    const received = collect(socket);
    socket.write(`${head(`Content-Length: ${BODY.length}\r\n`)}\r\n`);
    for (const byte of BODY) {
      socket.write(byte);
      await sleep(60);
    }
    await expect.poll(() => received.text).toContain(RIGHT);
    socket.destroy();
  });

  it('may come byte by byte', async () => {
    const socket = await predictor().open();
    const received = collect(socket);
    for (const byte of LAST) {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    await expect.poll(() => received.text).toContain(RIGHT);
    socket.destroy();
    expect(statuses(readResponses(received.text))).toEqual([200]);
  });

  it('has time for MAX_BODY_BYTES at 1 Mbit/s', () => {
    expect(uploadTimeFor(1024 * 1024)).toBe(30_000);
    expect(uploadTimeFor(100 * 1024 * 1024)).toBe(819_200);
  });
});
