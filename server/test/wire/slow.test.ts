// Requests that stop on their way, those that are only slow, and connections without any.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { listen, uploadTimeFor } from '../../src/protocols/http/listener.ts';
import { Refusals } from '../../src/protocols/http/refusals.ts';
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

describe('a connection on which nothing is sent', () => {
  const predictor = predictorFor({ ...SHORT, KEEP_ALIVE_TIMEOUT_MS: '1500' });

  it('waits for its first request as for the next one, and gets no response without one', async () => {
    const [used, unused] = await Promise.all([predictor().open(), predictor().open()]);
    const received = collect(used);
    const nothing = collect(unused);
    const closed = once(unused, 'end');
    await sleep(1500); // more than HEADERS_TIMEOUT_MS, and less than both
    used.write(head());
    await sleep(200);
    used.write(whole().slice(head().length));
    await expect.poll(() => received.text).toContain(RIGHT);
    used.destroy();
    await closed;
    unused.destroy();
    expect(nothing.text).toBe('');
  });

  it('has as long for the headers of its first request as others', async () => {
    const socket = await predictor().open();
    const received = collect(socket);
    await sleep(1500);
    socket.write(head());
    await expect.poll(() => received.text).toContain('HTTP/1.1 408 ');
    socket.destroy();
  });

  it('keeps nobody waiting at the end', async () => {
    const server = await listen((_req, res) => res.end(), {
      host: '127.0.0.1',
      port: 0,
      variable: 'PORT',
      isShared: false,
      keepAliveTimeoutMs: 60_000,
      headersTimeoutMs: 200,
      requestTimeoutMs: 60_000,
      stallTimeoutMs: 60_000,
      maxConnections: 10,
      refusals: new Refusals(),
    });
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    await sleep(600);
    expect(socket.closed).toBe(false);
    expect(await server.close(60_000)).toBe(0);
    await once(socket, 'close');
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
