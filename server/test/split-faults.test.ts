// Another version that misbehaves on the wire: whoever is sent to it gets a response, or the end of the connection, in time.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { start } from './start.ts';

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

/** The predictor whose every request belongs to a version that does this with its connection. */
async function before(misbehave: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // it is left at any time
    socket.once('data', () => misbehave(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return start({
    SPLIT: `v1=0,v2=1@http://127.0.0.1:${port}`,
    REQUEST_TIMEOUT_MS: '500',
    LOG_LEVEL: 'silent',
  });
}

const predict = (url: string) =>
  fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"inputs":[5.1,3.5,1.4,0.2]}',
    signal: AbortSignal.timeout(20_000),
  });

describe('another version', () => {
  it.each([
    [
      'wants another protocol',
      502,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx',
    ],
    ['has a status that is none', 502, 'HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n'],
    ['has a status below all', 502, 'HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'],
    ['speaks no HTTP', 502, 'SSH-2.0-x\r\n'],
    ['says nothing', 504, ''],
    ['says that it goes on, and nothing more', 504, 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'],
  ])('that %s', async (_what, status, bytes) => {
    const { url } = await before((socket) => socket.write(bytes));
    const response = await predict(url);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it.each([
    [
      'stops within the body',
      async (socket: Socket) => void socket.write(`${head}Content-Length: 100\r\n\r\n{"pre`),
    ],
    [
      'sends its body byte by byte',
      async (socket: Socket) => {
        socket.write(`${head}Content-Length: 1000\r\n\r\n`);
        while (!socket.destroyed) {
          socket.write('x');
          await sleep(50);
        }
      },
    ],
    [
      'breaks off',
      async (socket: Socket) => void socket.end(`${head}Content-Length: 100\r\n\r\n{"pre`),
    ],
  ])('that %s: the response is broken off', async (_what, misbehave) => {
    const { url } = await before(misbehave);
    const response = await predict(url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('may send more than its client reads at once: the time that the client takes is not its own', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const { url } = await before((socket) => {
      socket.write(`${head}Content-Length: ${20 * chunk.length}\r\nConnection: close\r\n\r\n`);
      for (let i = 0; i < 20; i++) socket.write(chunk);
    });
    const { body } = await predict(url);
    let bytes = 0;
    for await (const part of body ?? []) {
      if (bytes === 0) await sleep(2000);
      bytes += part.length;
    }
    expect(bytes).toBe(20 * chunk.length);
  });
});
