// The request line and the headers: targets in every form of RFC 9112, methods, versions, hosts, sizes.
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { collect } from '../program.ts';
import {
  BODY,
  CANARY,
  CLOSE,
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

const predictor = predictorFor({
  HEADERS_TIMEOUT_MS: '500',
  UPLOAD_TIMEOUT_MS: '1000',
});

const get = (target: string, headers = '') =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\n${headers}${CLOSE}\r\n`;

describe('a target with the host in it is served as its path', () => {
  it.each([
    [`http://x/predict?${CANARY}`],
    ['HTTP://x:80/predict'],
    [`https://${CANARY}.example/predict`],
    ['http://[::1]:5000/predict'],
  ])('%s', async (target) => {
    const [response] = await predictor().send(whole(CLOSE, target));
    expect(response).toMatchObject({ status: 200, body: RIGHT });
  });

  it('the root as well, with a slash and without', async () => {
    for (const target of ['http://x', 'http://x/', `http://x?${CANARY}`])
      expect(statuses(await predictor().send(get(target)))).toEqual([200]);
  });

  it('in the form of its protocol', async () => {
    const [response] = await predictor().send(get(`http://x/v2/models/${CANARY}`));
    expectProblem(response, 404);
    expect(response?.headers['content-type']).toBe('application/json');
  });
});

it('a target may have a query', async () => {
  const [response] = await predictor().send(whole(CLOSE, `/predict?${CANARY}=1`));
  expect(response).toMatchObject({ status: 200, body: RIGHT });
});

describe('a target that is none of ours is refused', () => {
  it.each([
    ['*', get('*'), 404],
    ['* with POST', whole(CLOSE, '*'), 404],
    ['* with OPTIONS', `OPTIONS * HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, 404],
    ['two slashes', get(`//${CANARY}`), 404],
    ['a host without its scheme', whole(CLOSE, `//${CANARY}/predict`), 404],
    ['two slashes before a path that there is', get('//livez'), 404],
    ['an authority', get(`${CANARY}:80`), 400],
    ['an authority that begins as a scheme', get('http:livez'), 400],
    ['no host after the scheme', get('http:///livez'), 400],
    ['a host that no URL can have', get(`http://[${CANARY}/livez`), 400],
    ['a port beyond 65535', get('http://x:99999999/livez'), 400],
    ['a host with a bad escape', get('http://%zz/livez'), 400],
    ['another scheme', get(`ftp://${CANARY}/livez`), 400],
    ['a NUL', get(`/${CANARY}\0`), 400],
    ['a space', get(`/livez ${CANARY}`), 400],
    ['bytes beyond ASCII', Buffer.from(get(`/${CANARY}\xff\xfe`), 'latin1'), 400],
    ['a bad escape', get(`/%zz${CANARY}`), 404],
    ['a bad escape in a parameter', get('/v2/models/%zz'), 404],
    ['an escape that is not UTF-8', whole(CLOSE, '/v2/models/%ff/infer'), 404],
    ['an escaped NUL in a parameter', get(`/v2/models/%00${CANARY}`), 404],
    ['dots in a parameter', get('/v2/models/../ready'), 404],
    ['20 kB', get(`/${CANARY.repeat(2000)}`), 431],
    ['nothing', 'GET  HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ])('%s', async (_what, bytes, status) => {
    const responses = await predictor().send(bytes);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], status);
  });
});

describe('a method that nothing has is refused', () => {
  it.each([
    ['CONNECT', `CONNECT ${CANARY}:80 HTTP/1.1\r\nHost: x\r\n\r\n`, 405],
    ['TRACE', `TRACE /predict HTTP/1.1\r\nHost: x\r\nX-A: ${CANARY}\r\n${CLOSE}\r\n`, 405],
    ['QUERY', `QUERY /predict HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, 405],
    ['PROPFIND below /v2', `PROPFIND /v2/models/iris HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, 405],
    ['one that HTTP does not have', `${CANARY} / HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['one in small letters', `get /${CANARY} HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
  ])('%s', async (_what, bytes, status) => {
    const responses = await predictor().send(bytes);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], status);
    if (status === 405) expect(responses[0]?.headers['allow']).toMatch(/GET|POST/);
  });
});

describe('versions and upgrades', () => {
  it.each([
    ['HTTP/0.9 waits for headers that never come', 'GET /livez\r\n', 408],
    ['HTTP/1.2', `GET /livez HTTP/1.2\r\nHost: x\r\n\r\n`, 400],
    ['HTTP/2 in text', 'GET /livez HTTP/2.0\r\nHost: x\r\n\r\n', 400],
    [
      'a transfer coding in HTTP/1.0',
      inChunks(`1c\r\n${BODY}\r\n0\r\n\r\n`).replace('HTTP/1.1', 'HTTP/1.0'),
      400,
    ],
    ['HTTP/2 without an upgrade', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex'), 400],
    ['HTTP/3.0', 'GET /livez HTTP/3.0\r\nHost: x\r\n\r\n', 400],
  ])('%s', async (_what, bytes, status) => {
    const responses = await predictor().send(bytes);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], status);
  });

  it.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'],
    [
      'a WebSocket',
      `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${CANARY}\r\n`,
    ],
  ])('an upgrade to %s is not made, and the request is answered', async (_what, headers) => {
    const socket = await predictor().open();
    const received = collect(socket);
    socket.write(whole(headers));
    await expect.poll(() => received.text).toContain(RIGHT);
    socket.write(LAST); // Node drops what comes in one packet with an upgrade; nobody sends it before the response
    await once(socket, 'end');
    socket.destroy();
    expect(statuses(readResponses(received.text))).toEqual([200, 200]);
  });

  it('a client of HTTP/1.0 gets its response and an end, unless it keeps its connection', async () => {
    const once = whole('', '/predict', '1.0');
    const kept = whole('Connection: keep-alive\r\n', '/predict', '1.0');
    expect((await predictor().send(once + once)).map(({ body }) => body)).toEqual([RIGHT]);
    expect((await predictor().send(kept + once)).map(({ body }) => body)).toEqual([RIGHT, RIGHT]);
  });

  it('a client of HTTP/1.0 needs no Host header', async () => {
    expect(statuses(await predictor().send('GET /livez HTTP/1.0\r\n\r\n'))).toEqual([200]);
  });
});

describe('headers', () => {
  it.each([
    ['no host', `GET /readyz HTTP/1.1\r\n${CLOSE}\r\n`, 400],
    ['two hosts', get('/livez', `Host: ${CANARY}\r\n`), 400],
    ['two media types', whole(`content-type: ${CANARY}/x\r\n`), 400],
    ['the same media type twice', whole('CONTENT-TYPE: application/json\r\n'), 400],
    ['two credentials', get('/model', `Authorization: a\r\nauthorization: ${CANARY}\r\n`), 400],
    ['lines that end in LF', `GET /livez HTTP/1.1\nHost: ${CANARY}\n\n`, 400],
    ['one line that ends in LF', `GET /livez HTTP/1.1\r\nHost: ${CANARY}\n\r\n`, 400],
    ['a bare CR', get('/livez', `X-A: a\r${CANARY}\r\n`), 400],
    ['a space before the colon', get('/livez', `${CANARY} : a\r\n`), 400],
    ['a space in the name', get('/livez', `X ${CANARY}: a\r\n`), 400],
    ['no colon', get('/livez', `${CANARY}\r\n`), 400],
    ['a NUL', get('/livez', `X-A: \0${CANARY}\r\n`), 400],
    ['a line that goes on in the next', get('/livez', `X-A: a\r\n ${CANARY}\r\n`), 400],
    ['a control character', get('/livez', `X-A: ${CANARY}\x01\r\n`), 400],
    ['a line before the first header', `GET /livez HTTP/1.1\r\n X-A: b\r\nHost: x\r\n\r\n`, 400],
    ['an unknown expectation', `${head(`Expect: ${CANARY}\r\nContent-Length: 2\r\n`)}\r\n{}`, 417],
    ['2,000 lines of 40 kB', get('/livez', `X-A: ${CANARY}\r\n`.repeat(2000)), 431],
    ['100 kB', get('/livez', `X-A: ${CANARY.repeat(8000)}\r\n`), 431],
  ])('with %s are refused, and the connection is closed', async (_what, bytes, status) => {
    const responses = await predictor().send(bytes);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], status);
    expect(responses[0]?.headers['connection']).toBe('close');
  });

  it('are all read: the last of 2,500 says what the body is', async () => {
    const request = `POST /predict HTTP/1.1\r\nHost: x\r\n${'a:b\r\n'.repeat(2500)}Content-Length: ${BODY.length}\r\n${CLOSE}Content-Type: application/json\r\n\r\n${BODY}`;
    const [response] = await predictor().send(request);
    expect(response).toMatchObject({ status: 200, body: RIGHT });
  });

  it('of a client never reach the log, whatever they are', async () => {
    const values = [
      'X-Request-Id: \t',
      'traceparent: ',
      'ML-User: ',
      'Cookie: ml-user=',
      'Forwarded: ',
    ];
    for (const value of values)
      expect(statuses(await predictor().send(whole(`${value}${CANARY}<>\r\n${CLOSE}`)))).toEqual([
        200,
      ]);
  });
});

describe('for pages of every origin', () => {
  const open = predictorFor({ CORS_ORIGINS: '*' });

  it.each([
    ['a target of *', whole(CLOSE, '*'), 404],
    ['a host without its scheme', whole(CLOSE, `//${CANARY}/predict`), 404],
    ['an escape that is not UTF-8', whole(CLOSE, '/v2/models/%ff/infer'), 404],
    ['TRACE', `TRACE /predict HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, 405],
    ['an unknown expectation', `${head(`Expect: ${CANARY}\r\nContent-Length: 2\r\n`)}\r\n{}`, 417],
  ])('%s is refused, too', async (_what, bytes, status) => {
    const responses = await open().send(bytes);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], status);
  });
});
