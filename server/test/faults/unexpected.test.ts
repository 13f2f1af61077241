// What nobody thought of: an exception where no handler is, and requests that Express itself would answer.
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Running, start } from '../start.ts';
import { logged, logOf, serve, setosa } from './victim.ts';

/** What comes back for bytes that no HTTP library sends. */
function raw({ port }: Pick<Running, 'port'>, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('error', reject).on('close', () => resolve(text));
  });
}

describe('an exception in a listener of a request or its response', () => {
  it.each([
    ['/predict', 'application/problem+json'],
    ['/v2/models/iris/infer', 'application/json'],
  ])('becomes the error response of that request: %s', async (path, type) => {
    const server = await start();
    const fail = () => {
      throw new RangeError('a fault with a secret of Jane Doe');
    };
    // Called in a handler, and in a listener of the response.
    Object.assign(server.served, { predict: fail, infer: fail });
    Object.assign(server.parts.observer, { exchangeEnded: fail });
    const body =
      path === '/predict'
        ? { inputs: setosa }
        : { inputs: [{ name: 'inputs', shape: [1, 4], datatype: 'FP32', data: setosa }] };
    const answered = await server.http.post(path).send(body);
    expect([answered.status, answered.type]).toEqual([500, type]);
    expect(answered.text).not.toMatch(/Jane Doe|RangeError| at /);
    for (let i = 0; i < 3; i++) await server.http.get('/livez').expect(200, 'ok');
    await expect
      .poll(() => server.logs)
      .toContainEqual(
        expect.objectContaining({
          msg: 'an error could not be answered as usual',
          err: expect.objectContaining({ type: 'RangeError' }),
        }),
      );
    expect(JSON.stringify(server.logs)).not.toContain('Jane Doe');
  });
});

describe('an observer that fails', () => {
  it('harms neither the call nor the others', async () => {
    const server = await start();
    let told = 0;
    server.parts.observer.add({ ran: fail, succeeded: fail });
    server.parts.observer.add({ succeeded: () => void told++ });
    function fail() {
      throw new RangeError('a fault with a secret of Jane Doe');
    }
    const { body } = await server.predict({ inputs: setosa });
    expect(body).toEqual({ prediction: [0] });
    const statistics = await server.http.get('/v2/models/iris/stats');
    expect(statistics.body.model_stats[0].inference_count).toBe(1);
    expect(told).toBe(1);
    await expect
      .poll(() => server.logs)
      .toContainEqual(
        expect.objectContaining({
          msg: 'an observer failed',
          err: expect.objectContaining({ type: 'RangeError' }),
        }),
      );
    expect(JSON.stringify(server.logs)).not.toContain('Jane Doe');
  });
});

describe('requests that Express itself would answer', () => {
  it.each([
    ['a target that is no URL', 'GET http://[ HTTP/1.1', 400],
    ['one below /v2', 'GET http://[/v2/models HTTP/1.1', 400],
    [
      'a range that a file does not have',
      'GET /docs/swagger-ui.css HTTP/1.1\r\nRange: bytes=99999999-',
      416,
    ],
    ['a file of another time', 'GET /docs/swagger-ui.css HTTP/1.1\r\nIf-Match: "x"', 412],
    ['a path that does not decode', 'GET /playground/%ff HTTP/1.1', 404],
  ])('get a documented form: %s', async (_what, head, status) => {
    const server = await start({ LOG_LEVEL: 'error' });
    const text = await raw(server, `${head}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [headers = '', body = ''] = text.split('\r\n\r\n');
    expect(headers).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(headers).toContain(
      head.includes('/v2') ? 'Content-Type: application/json' : 'application/problem+json',
    );
    expect(headers).not.toMatch(/Cache-Control|Last-Modified/);
    expect(JSON.parse(body)).toMatchObject(head.includes('/v2') ? { error: /./ } : { status });
    expect(server.logs).toEqual([]); // not the server's fault
  });
});

describe('an exception outside of every request', () => {
  it.each(['throw', 'reject'])(
    'ends the process with 3, logged without its message: %s',
    async (harm) => {
      const victim = await serve();
      await victim.predict(setosa);
      await victim.harm(harm);
      expect(await victim.ended).toBe(3);
      expect(logOf(victim).at(-1)).toMatchObject({
        level: 60,
        msg: 'the predictor failed',
        err: {
          type: 'Error',
          at: expect.arrayContaining([expect.stringContaining('saboteur.ts')]),
        },
      });
      expect(victim.out.text + victim.err.text).not.toContain('Jane Doe');
    },
  );
});

describe('the wall clock', () => {
  it.each(['clock-forward', 'clock-back'])(
    'may jump: deadlines and limits go by another (%s)',
    async (harm) => {
      const victim = await serve({ ENGINE: 'workers', LOG_RATE: '5', REQUEST_TIMEOUT_MS: '60000' });
      const begun = Array.from({ length: 20 }, () => victim.predict(setosa));
      await victim.harm(harm);
      for (const answered of await Promise.all(begun)) expect(answered.status).toBe(200);
      for (let i = 0; i < 20; i++) expect((await victim.predict(setosa)).status).toBe(200);
      expect((await victim.get('/readyz')).status).toBe(200);
      expect((await victim.predict([1])).status).toBe(422);
      await logged(victim, { status: 422 });
      for (const { durationMs } of logOf(victim))
        if (durationMs !== undefined) {
          expect(durationMs).toBeGreaterThanOrEqual(0);
          expect(durationMs).toBeLessThan(60_000);
        }
      const { text } = await victim.get('/metrics');
      const sum = /ml_api_http_request_duration_seconds_sum\{route="\/predict",.*\} (\S+)/.exec(
        text,
      )?.[1];
      expect(Number(sum)).toBeGreaterThan(0);
      expect(Number(sum)).toBeLessThan(600);
      victim.child.kill('SIGTERM');
      expect(await victim.ended).toBe(0);
    },
  );
});
