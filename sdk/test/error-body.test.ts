// What a stranger at the server's address can do with the body of an error: be read to a limit, in time that grows with it.
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createClient, type MlApiOptions, ServerError, TimeoutError } from '../src/index.ts';
import { readProblem } from '../src/problem.ts';
import { faultyServer } from './faulty-server.ts';

const inputs = [5.1, 3.5, 1.4, 0.2];
const page = { 'Content-Type': 'text/html' };

async function errorOf(answer: (res: ServerResponse) => void, options: MlApiOptions = {}) {
  const { url } = await faultyServer((_req, res) => answer(res));
  const client = createClient({ baseUrl: url, retries: 0, ...options });
  return await client.predict({ inputs }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Far more than anyone needs milliseconds for, and quadratic time minutes. */
const LENGTH = 4_000_000;
it.each(['<', '<head', '<script>', '<a ', '>', ' ', '</', '<!--', '/', '"<'])(
  'a body that repeats %j is read in time that grows with its length',
  (part) => {
    const body = part.repeat(LENGTH / part.length);
    const began = performance.now();
    readProblem(`${body}x`);
    expect(performance.now() - began).toBeLessThan(20_000);
  },
  30_000,
);

it.each([
  ['<h1>502</h1>\n\n<p>a < b</p>', '502 a < b'],
  ['<HEAD>a</HEAD ><Script>if (a<b) c>d</script><p>one</p><style>x</style>two', 'one two'],
  ['<head><title>a</title><body>one', 'one'],
  ['<header>one</header>', 'one'],
  ['<script>never closed', undefined],
  ['x'.repeat(300), 'x'.repeat(200)],
])('of %j the text is %j', (body, detail) => {
  expect(readProblem(body).detail).toBe(detail);
});

it('the one of the issue is a ServerError with its status', async () => {
  const error = await errorOf((res) => res.writeHead(502, page).end('<'.repeat(200_000)));
  expect(error).toBeInstanceOf(ServerError);
  expect(error).toMatchObject({ status: 502, detail: '<'.repeat(200) });
});

it('of a body without end the beginning is read, and the connection is closed', async () => {
  let sent = 0;
  let closed = false;
  const error = await errorOf(async (res) => {
    res.once('close', () => {
      closed = true;
    });
    res.writeHead(500, page).write('It is broken. ');
    const chunk = 'x'.repeat(64 * 1024);
    while (!closed) {
      sent += chunk.length;
      if (!res.write(chunk)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
      await setImmediate();
    }
  });
  expect(error).toBeInstanceOf(ServerError);
  expect(error).toMatchObject({ detail: expect.stringMatching(/^It is broken\. x+$/) });
  await expect.poll(() => closed).toBe(true);
  expect(sent).toBeLessThan(50_000_000); // what sockets and streams hold on their way
});

it('a body that stops before its end costs no more than the timeout', async () => {
  const error = await errorOf((res) => res.writeHead(500, page).write('It is'), { timeout: 200 });
  expect(error).toBeInstanceOf(TimeoutError);
});

function once(res: ServerResponse, event: string): Promise<void> {
  return new Promise((resolve) => res.once(event, () => resolve()));
}
