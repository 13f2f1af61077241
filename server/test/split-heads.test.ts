// The heads of requests that are passed on to another version: what belongs to one connection stays on it, and every form of
// target arrives.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { start } from './start.ts';
import { expectProblem, head, RIGHT, startPredictor, whole } from './wire/wire.ts';

const row = '{"inputs":[5.1,3.5,1.4,0.2]}';

describe('headers that Connection names', () => {
  /** Sends headers as they are, and gives those that came back. */
  async function ask(url: string, headers: Record<string, string>): Promise<IncomingHttpHeaders> {
    const sent = request(`${url}/predict`, { method: 'POST', headers }).end(row);
    const [response] = await once(sent, 'response');
    response.resume();
    await once(response, 'end');
    return response.headers;
  }

  it.each(['X-Hop', 'close, X-Hop', 'x-hop,keep-alive', ' , X-HOP ,,X-Other'])(
    'go to no other version, and come from none: %j',
    async (connection) => {
      const seen: IncomingHttpHeaders[] = [];
      const server = createServer((req, res) => {
        seen.push(req.headers);
        res.writeHead(200, {
          'Content-Type': 'application/json',
          Connection: connection,
          'X-Hop': 'of the second connection',
          'X-Kept': 'of the response',
          'Keep-Alive': 'timeout=3',
          'Proxy-Authenticate': 'Basic',
        });
        res.end('{"prediction":[7]}');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      const { url } = await start({
        SPLIT: `v1=0,v2=1@http://127.0.0.1:${port}`,
        LOG_LEVEL: 'silent',
      });
      const received = await ask(url, {
        'Content-Type': 'application/json',
        Connection: connection,
        'X-Hop': 'of the first connection',
        'X-Kept': 'of the request',
        'Proxy-Authorization': 'Basic c2VjcmV0',
        TE: 'trailers',
      });
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({
        'x-kept': 'of the request',
        'content-type': 'application/json',
      });
      for (const name of ['x-hop', 'proxy-authorization', 'te'])
        expect(seen[0], name).not.toHaveProperty(name);
      expect(seen[0]?.connection).not.toMatch(/x-hop/i);
      expect(received).toMatchObject({ 'x-kept': 'of the response' });
      for (const name of ['x-hop', 'proxy-authenticate'])
        expect(received, name).not.toHaveProperty(name);
      expect(received.connection).not.toMatch(/x-hop/i);
    },
  );
});

describe('a target in absolute form', () => {
  it('reaches the other version as its path, or is refused; and the process lives', async () => {
    const v2 = await start({
      MODEL_DIR: new URL('../../model/v2', import.meta.url).pathname,
      BASE_PATH: '/v2',
      LOG_RATE: '0',
    });
    const v1 = await startPredictor({ SPLIT: `v1=0,v2=1@${v2.url}/v2`, BASE_PATH: '/v1' });
    onTestFinished(() => {
      try {
        process.kill(v1.pid, 'SIGKILL');
      } catch {} // it has ended
    });
    const close = 'Connection: close\r\n';
    const passedOn = () => v2.logs.filter(({ msg }) => msg === 'request').length;
    const before = passedOn();
    for (const target of [
      'http://x/predict',
      'https://elsewhere:1/predict',
      'HTTP://x/predict?a=b',
    ]) {
      const [response] = await v1.send(whole(close, target));
      expect([target, response?.status, response?.body]).toEqual([target, 200, RIGHT]);
      expect(response?.headers['ml-model-version']).toBe('v2');
    }
    const [own] = await v1.send(whole(close, 'http://x/v1/predict'));
    expect(own?.headers['ml-model-version']).toBe('v1');
    for (const target of [
      'http://',
      'http:///predict',
      'ftp://x/predict',
      'x:80',
      '//',
      'predict',
    ]) {
      const [response] = await v1.send(whole(close, target));
      expect([target, response?.status]).toEqual([target, target === '//' ? 404 : 400]);
      expectProblem(response, target === '//' ? 404 : 400);
    }
    for (const target of ['http://x', 'http://x?a', 'http://x//predict', 'http://[/predict', '*']) {
      const [response] = await v1.send(`${head(close, target)}\r\n`);
      expect([target, response?.status]).toEqual([target, expect.any(Number)]);
      expect(response?.status).toBeLessThan(500);
    }
    expect(passedOn() - before).toBe(3);
    await v1.expectUnharmed();
    await v1.stop();
  });
});
