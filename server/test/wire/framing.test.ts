// Where a request ends: lengths, chunks, trailers, several requests on one connection, and clients that close their side.
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
  MAX_BODY_BYTES: '20000',
});

const CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n`;
/** A request that would be served if what stands before it ended where it does not. */
const SMUGGLED = `GET /model?${CANARY} HTTP/1.1\r\nHost: x\r\n\r\n`;
const IRIS = '/v2/models/iris/infer';

describe('a request whose end two readers could see in two places is refused, and nothing after it is read', () => {
  it.each([
    [
      'a length and chunks',
      `${head('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')}\r\n0\r\n\r\n`,
    ],
    [
      'chunks and a length',
      `${head('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n')}\r\n0\r\n\r\n`,
    ],
    ['two lengths', `${head('Content-Length: 28\r\nContent-Length: 0\r\n')}\r\n${BODY}`],
    ['a length twice', `${head('Content-Length: 28\r\nContent-Length: 28\r\n')}\r\n${BODY}`],
    ['a list of lengths', `${head('Content-Length: 28, 28\r\n')}\r\n${BODY}`],
    ['a length in another base', `${head('Content-Length: 0x1c\r\n')}\r\n${BODY}`],
    ['a negative length', `${head('Content-Length: -1\r\n')}\r\n`],
    ['a length with a sign', `${head('Content-Length: +28\r\n')}\r\n${BODY}`],
    ['a length with a space in it', `${head('Content-Length: 2 8\r\n')}\r\n${BODY}`],
    ['no length after its name', `${head('Content-Length: \r\n')}\r\n${BODY}`],
    ['a length beyond 2^64', `${head('Content-Length: 99999999999999999999\r\n')}\r\n${BODY}`],
    ['chunks twice', `${head('Transfer-Encoding: chunked, chunked\r\n')}\r\n${CHUNK}0\r\n\r\n`],
    [
      'chunks within another coding',
      `${head('Transfer-Encoding: chunked, identity\r\n')}\r\n0\r\n\r\n`,
    ],
    [
      'another coding within chunks',
      `${head('Transfer-Encoding: gzip, chunked\r\n')}\r\n${CHUNK}0\r\n\r\n`,
    ],
    ['an unknown coding', `${head('Transfer-Encoding: rot13\r\n')}\r\n${BODY}`],
    [
      'a coding that sounds like chunks',
      `${head('Transfer-Encoding: xchunked\r\n')}\r\n${CHUNK}0\r\n\r\n`,
    ],
    ['a coding with a tab', `${head('Transfer-Encoding:\tchunked\x0b\r\n')}\r\n${CHUNK}0\r\n\r\n`],
    [
      'two transfer encodings',
      `${head('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n')}\r\n0\r\n\r\n`,
    ],
    ['a folded coding', `${head('Transfer-Encoding:\r\n chunked\r\n')}\r\n${CHUNK}0\r\n\r\n`],
  ])('%s', async (_what, bytes) => {
    const responses = await predictor().send(bytes + SMUGGLED);
    expect(responses).toHaveLength(1);
    expectProblem(responses[0], 400);
    expect(responses[0]?.headers['connection']).toBe('close');
  });
});

describe('chunks', () => {
  it.each([
    [
      'with extensions',
      `1;a="${CANARY}";b\r\n{\r\n1b;${CANARY}\r\n${BODY.slice(1)}\r\n0;c\r\n\r\n`,
    ],
    ['with leading zeros in their sizes', `0000001c\r\n${BODY}\r\n000\r\n\r\n`],
    ['with sizes in capital letters', `${CHUNK.toUpperCase().slice(0, 2)}\r\n${BODY}\r\n0\r\n\r\n`],
    ['of one byte each', `${[...BODY].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`],
    ['with trailers', `${CHUNK}0\r\nContent-Type: ${CANARY}\r\nX-A: ${CANARY}\r\n\r\n`],
  ])('%s are put together', async (_what, chunks) => {
    const responses = await predictor().send(inChunks(chunks) + LAST);
    expect(responses.map(({ body }) => body)).toEqual([RIGHT, RIGHT]);
  });

  it.each([
    ['a size that is no number', 'zz\r\n', 400],
    ['a size with a prefix', `0x1c\r\n${BODY}\r\n0\r\n\r\n`, 400],
    ['a negative size', `-1\r\n${BODY}\r\n0\r\n\r\n`, 400],
    ['no size', `\r\n${BODY}\r\n0\r\n\r\n`, 400],
    ['a size of 2^64', `10000000000000000\r\n${BODY}\r\n0\r\n\r\n`, 400],
    ['more bytes than the size says', `2\r\n${BODY}\r\n0\r\n\r\n`, 400],
    ['lines that end in LF', `1c\n${BODY}\n0\n\n`, 400],
    ['an extension of 20 kB', `1c;${CANARY.repeat(2000)}\r\n${BODY}\r\n0\r\n\r\n`, 400],
    ['a trailer without a colon', `${CHUNK}0\r\n${CANARY}\r\n\r\n`, 400],
    ['a length in its trailers', `${CHUNK}0\r\nContent-Length: 9\r\n\r\n`, 400],
    ['trailers of 20 kB', `${CHUNK}0\r\nX-A: ${CANARY.repeat(2000)}\r\n\r\n`, 431],
    ['more than MAX_BODY_BYTES', `${`400\r\n${' '.repeat(1024)}\r\n`.repeat(20)}0\r\n\r\n`, 413],
    ['a size of 2^60, and nothing more', `1000000000000000\r\n${CANARY}`, 408],
    ['no end', CHUNK, 408],
  ])('with %s are refused', async (_what, chunks, status) => {
    const headers = status === 413 ? CLOSE : ''; // that one is not broken, and its connection is kept
    for (const target of ['/predict', IRIS]) {
      const [response, ...more] = await predictor().send(inChunks(chunks, headers, target));
      expectProblem(response, status);
      expect(more).toEqual([]);
      const type = target === IRIS ? /^application\/json$/ : /^application\/problem\+json/;
      expect(response?.headers['content-type']).toMatch(type);
    }
  });
});

describe('a body that is larger than MAX_BODY_BYTES', () => {
  it.each([['20001'], ['9007199254740993'], ['18446744073709551615']])(
    'is refused before it has come: %s bytes',
    async (length) => {
      const socket = await predictor().open();
      const received = collect(socket);
      socket.write(`${head(`Content-Length: ${length}\r\n`)}\r\n${CANARY}`);
      await expect.poll(() => received.text).toContain('\r\n\r\n{');
      socket.destroy();
      expectProblem(readResponses(received.text)[0], 413);
    },
  );
});

describe('several requests on one connection', () => {
  it('are answered in their order, with wrong ones among them', async () => {
    const wrong = `${head('Content-Length: 4\r\n')}\r\n[[[[`;
    const nowhere = `GET /${CANARY} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const responses = await predictor().send(
      [whole(), wrong, nowhere, inChunks(`${CHUNK}0\r\n\r\n`), wrong, LAST].join(''),
    );
    expect(statuses(responses)).toEqual([200, 400, 404, 200, 400, 200]);
  });

  it.each([
    ['a line that is no request', `${CANARY}\r\n\r\n`, 400],
    [
      'a length and chunks',
      `${head('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')}\r\n`,
      400,
    ],
    ['a bad chunk', inChunks('zz\r\n'), 400],
    ['headers of 20 kB', head(`X-A: ${CANARY.repeat(2000)}\r\n`), 431],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
    ['half a request', `${head('Content-Length: 999\r\n')}\r\n{`, 408],
  ])('come before the response to a broken one: %s', async (_what, broken, status) => {
    const responses = await predictor().send(whole().repeat(3) + broken + SMUGGLED);
    expect(statuses(responses)).toEqual([200, 200, 200, status]);
    expectProblem(responses[3], status);
    expect(responses[3]?.headers['connection']).toBe('close');
  });

  it('may have empty lines before them', async () => {
    const responses = await predictor().send(`\r\n${whole()}\r\n${LAST}`);
    expect(responses.map(({ body }) => body)).toEqual([RIGHT, RIGHT]);
  });

  it('are answered up to a hundred that wait; the next is refused, and the connection closed', async () => {
    const responses = await predictor().send(whole().repeat(500));
    for (const response of responses.slice(0, 101))
      expect(response).toMatchObject({ status: 200, body: RIGHT });
    expectProblem(responses[101], 503);
    expect(responses[101]?.headers).toMatchObject({ connection: 'close', 'retry-after': '1' });
    expect(responses).toHaveLength(102);
  });
});

describe('a client that closes its side', () => {
  it.each([
    ['after a request', whole(), [200]],
    ['after three', whole().repeat(3), [200, 200, 200]],
    ['after chunks', inChunks(`${CHUNK}0\r\n\r\n`), [200]],
    ['after one in HTTP/1.0', whole('', '/predict', '1.0'), [200]],
    ['within the request line', `POST /${CANARY}`, [400]],
    ['within the headers', head(), [400]],
    ['within the body', `${head('Content-Length: 99\r\n')}\r\n${BODY}`, [400]],
    ['within a chunk', inChunks(CHUNK.slice(0, 9)), [400]],
    ['within the second request', whole() + head(), [200, 400]],
    ['before it has sent anything', '', []],
  ])('%s gets its responses', async (_what, bytes, expected) => {
    expect(statuses(await predictor().send(bytes, { end: true }))).toEqual(expected);
  });
});

describe('Expect: 100-continue', () => {
  it('is met before the body, and a request without one is answered as any other', async () => {
    const socket = await predictor().open();
    const received = collect(socket);
    const expecting = `Content-Length: ${BODY.length}\r\nExpect: 100-continue\r\n`;
    socket.write(`${head(expecting)}\r\n`);
    await expect.poll(() => received.text).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(BODY);
    await expect.poll(() => received.text).toContain(RIGHT);
    socket.write(`${head(`${expecting}${CLOSE}`)}\r\n${BODY}`); // does not wait
    await once(socket, 'end');
    socket.destroy();
    expect(statuses(readResponses(received.text))).toEqual([200, 200]);
  });

  it('and then nothing ends in 408', async () => {
    const request = `${head(`Content-Length: 28\r\nExpect: 100-continue\r\n`)}\r\n`;
    const responses = await predictor().send(request);
    expectProblem(responses[0], 408);
    expect(responses).toHaveLength(1);
  });
});
