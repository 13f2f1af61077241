// What no HTTP library sends: bytes on a bare connection, against the program as a process of its own. After each, the
// process lives, predicts right, and has given back its connections; its log holds nothing of what was sent.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';
import { spawnProgram } from './program.ts';

const CANARY = 'Jane-Doe-4711';
const BODY = '{"inputs":[5.1,3.5,1.4,0.2]}';
const RIGHT = '{"prediction":[0]}';
const head = (more = '', target = '/predict', version = '1.1') =>
  `POST ${target} HTTP/${version}\r\nHost: x\r\nContent-Type: application/json\r\n${more}`;
const whole = (more = '', target?: string, version?: string) =>
  `${head(`Content-Length: ${BODY.length}\r\n${more}`, target, version)}\r\n${BODY}`;

let port: number;
let server: ReturnType<typeof spawnProgram>;
let idleDescriptors: number;
const url = () => `http://127.0.0.1:${port}`;
const descriptors = () => readdirSync(`/proc/${server.child.pid}/fd`).length;

beforeAll(async () => {
  port = await freePort();
  server = spawnProgram(['serve'], {
    PORT: String(port),
    LOG_RATE: '0',
    HEADERS_TIMEOUT_MS: '700',
    UPLOAD_TIMEOUT_MS: '1500',
    MAX_CONNECTIONS: '300',
    CORS_ORIGINS: '*',
  });
  while (!(await isReady()) && server.child.exitCode === null) await sleep(50);
  expect(server.err.text).toBe('');
  await send(whole('Connection: close\r\n'));
  await sleep(200);
  idleDescriptors = descriptors();
});

afterEach(async () => {
  expect(await send(whole('Connection: close\r\n'))).toContain(RIGHT);
  await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(idleDescriptors + 2);
});

afterAll(async () => {
  const metrics = await (await fetch(`${url()}/metrics`)).text();
  server.child.kill('SIGTERM');
  await once(server.child, 'close');
  expect(server.out.text + server.err.text + metrics).not.toContain(CANARY);
  expect(server.err.text).toBe('');
  expect(server.child.exitCode).toBe(0);
});

async function isReady(): Promise<boolean> {
  return fetch(`${url()}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}); // the server may close at any time
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes, and reads until the server closes. */
async function send(text: string | Buffer, { end = false } = {}): Promise<string> {
  const socket = await open();
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk;
  });
  socket.write(text);
  if (end) socket.end();
  await Promise.race([once(socket, 'close'), sleep(5000)]);
  socket.destroy();
  return received;
}

const statuses = (received: string) =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
const isProblem = (received: string) =>
  /content-type: application\/problem\+json/i.test(received) &&
  !/<html|at .*\.[tj]s:/i.test(received);

describe('right requests in rare forms are answered', () => {
  it.each([
    [
      'ten in a row, before the first response',
      `${whole().repeat(9)}${whole('Connection: close\r\n')}`,
      10,
    ],
    ['in HTTP/1.0', whole('', '/predict', '1.0'), 1],
    [
      'in HTTP/1.0, kept',
      whole('Connection: keep-alive\r\n', '/predict', '1.0') + whole('', '/predict', '1.0'),
      2,
    ],
    ['with the host in the target', whole('Connection: close\r\n', 'http://other/predict'), 1],
    ['with a query', whole('Connection: close\r\n', `/predict?${CANARY}=1`), 1],
    [
      'in chunks, with extensions and a trailer',
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}\r\n1;a=${CANARY}\r\n{\r\n1b\r\n${BODY.slice(1)}\r\n0\r\nX-Trailer: ${CANARY}\r\n\r\n`,
      1,
    ],
    ['after an empty line', `\r\n${whole('Connection: close\r\n')}`, 1],
  ])('%s', async (_what, bytes, count) => {
    const received = await send(bytes);
    expect(statuses(received)).toEqual(Array(count).fill(200));
    expect(received.split(RIGHT)).toHaveLength(count + 1);
  });

  it('that wait for 100 Continue', async () => {
    const socket = await open();
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
    });
    socket.write(
      `${head(`Content-Length: ${BODY.length}\r\nExpect: 100-continue\r\nConnection: close\r\n`)}\r\n`,
    );
    await expect.poll(() => received).toContain('HTTP/1.1 100 Continue');
    socket.write(BODY);
    await once(socket, 'close');
    expect(received).toContain(RIGHT);
  });

  it('byte by byte', async () => {
    const socket = await open();
    socket.setNoDelay();
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
    });
    for (const byte of whole('Connection: close\r\n')) {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    await once(socket, 'close');
    expect(received).toContain(RIGHT);
  });

  it('beside wrong ones on one connection, each with its own response', async () => {
    const wrong = `${head('Content-Length: 3\r\n')}\r\n[[[`;
    const received = await send(whole() + wrong + whole() + wrong + whole('Connection: close\r\n'));
    expect(statuses(received)).toEqual([200, 400, 200, 400, 200]);
  });
});

describe('broken requests are refused in the documented form, and the connection is closed', () => {
  it.each([
    ['two lengths', `${head('Content-Length: 28\r\nContent-Length: 5\r\n')}\r\n${BODY}`, 400],
    [
      'a length and chunks',
      `${head('Content-Length: 28\r\nTransfer-Encoding: chunked\r\n')}\r\n0\r\n\r\n`,
      400,
    ],
    ['a length that is no number', `${head('Content-Length: 0x1c\r\n')}\r\n${BODY}`, 400],
    ['a negative length', `${head('Content-Length: -1\r\n')}\r\n`, 400],
    ['a chunk size that is no number', `${head('Transfer-Encoding: chunked\r\n')}\r\nzz\r\n`, 400],
    [
      'a chunk of 2^64 bytes',
      `${head('Transfer-Encoding: chunked\r\n')}\r\n10000000000000000\r\n`,
      400,
    ],
    ['an unknown transfer coding', `${head('Transfer-Encoding: rot13\r\n')}\r\n${BODY}`, 400],
    ['a header with a NUL', `${head(`X-A: \0${CANARY}\r\n`)}\r\n`, 400],
    ['a header without a colon', `${head(`${CANARY}\r\n`)}\r\n`, 400],
    [
      'a header that goes on in the next line',
      `${head(`X-A: a\r\n ${CANARY}\r\n`)}Content-Length: 0\r\n\r\n`,
      400,
    ],
    ['no host', 'GET /readyz HTTP/1.1\r\n\r\n', 400],
    ['a method that HTTP does not have', `${CANARY} / HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['HTTP/2 as if it were known', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex'), 400],
    ['headers of 100 kB', `${head(`X-A: ${'a'.repeat(100_000)}\r\n`)}\r\n`, 431],
    ['2,000 headers', `${head(`X-A: ${CANARY}\r\n`.repeat(2000))}\r\n`, 431],
  ])('%s', async (_what, bytes, status) => {
    const received = await send(bytes);
    expect(statuses(received)).toEqual([status]);
    expect(isProblem(received), received).toBe(true);
    expect(received).toMatch(/^connection: close/im);
  });

  it.each([
    [
      'an unknown expectation',
      `${head('Expect: miracles\r\nContent-Length: 0\r\nConnection: close\r\n')}\r\n`,
      417,
    ],
    [
      'a target of *',
      'POST * HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      404,
    ],
    ['a target that begins with //', whole('Connection: close\r\n', `//${CANARY}/predict`), 404],
    ['a bad escape in the target', whole('Connection: close\r\n', '/v2/models/%ff/infer'), 404],
    ['TRACE', `TRACE /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 405],
  ])('%s', async (_what, bytes, status) => {
    const received = await send(bytes);
    expect(statuses(received)).toEqual([status]);
    expect(received).toMatch(/content-type: application\/(problem\+)?json/i);
    expect(received).not.toMatch(/<html|at .*\.[tj]s:/i);
  });
});

describe('connections that stall', () => {
  it.each([
    ['before the first byte of the headers has ended them', 'POST /pre'],
    ['after some headers', head()],
  ])('are answered with 408 and closed: %s', async (_what, bytes) => {
    const received = await send(bytes);
    expect(statuses(received)).toEqual([408]);
    expect(isProblem(received)).toBe(true);
  });

  it.each([
    ['after the headers', `${head('Content-Length: 28\r\n')}\r\n`],
    ['within the body', `${head('Content-Length: 28\r\n')}\r\n${BODY.slice(0, 9)}`],
    ['within a chunk', `${head('Transfer-Encoding: chunked\r\n')}\r\n1c\r\n{"in`],
  ])('are closed, and nothing is left of them: %s', async (_what, bytes) => {
    const startedAt = Date.now();
    const received = await send(bytes);
    expect(Date.now() - startedAt).toBeLessThan(5000); // closed by the server, not by this test
    expect(statuses(received)).toEqual([408]);
  });

  it('beyond MAX_CONNECTIONS are closed as they come, and those before are served', async () => {
    const sockets = await Promise.all(Array.from({ length: 400 }, () => open()));
    await sleep(200);
    const closed = sockets.filter(({ destroyed, readableEnded }) => destroyed || readableEnded);
    expect(closed.length).toBeGreaterThanOrEqual(100);
    for (const socket of sockets) socket.destroy();
    await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(idleDescriptors + 2);
  });
});

describe('clients that go away', () => {
  it('having closed their side only are taken for gone, as by nginx: their work is given up', async () => {
    for (let i = 0; i < 50; i++) {
      const received = await send(whole(), { end: true });
      expect([[], [200]]).toContainEqual(statuses(received));
    }
  });

  it('3,000 times in mid-request leave nothing behind', async () => {
    const request = whole();
    for (let round = 0; round < 30; round++)
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const socket = await open();
          const cut = Math.floor((request.length * i) / 99);
          socket.write(request.slice(0, cut), () =>
            i % 2 ? socket.resetAndDestroy() : socket.destroy(),
          );
          await once(socket, 'close');
        }),
      );
  });

  it('and never read their responses hold no memory for long', async () => {
    const socket = await open();
    socket.pause();
    for (let i = 0; i < 500; i++) socket.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(500);
    socket.destroy();
  });
});
