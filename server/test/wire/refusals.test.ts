// What never reaches a route is in the metrics all the same, each connection once, and under a reason that the server chose.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  CANARY,
  CLOSE,
  head,
  inChunks,
  LAST,
  predictorFor,
  refusals,
  startPredictor,
  whole,
} from './wire.ts';

const TIMES = {
  HEADERS_TIMEOUT_MS: '500',
  UPLOAD_TIMEOUT_MS: '1000',
  STALL_TIMEOUT_MS: '300',
  KEEP_ALIVE_TIMEOUT_MS: '1000',
};
const NONE = {
  'malformed-request': 0,
  'invalid-encoding': 0,
  'request-timeout': 0,
  'headers-too-large': 0,
  'expectation-failed': 0,
  'method-not-allowed': 0,
  overloaded: 0,
  'too-many-connections': 0,
  stalled: 0,
};

describe('a connection that is refused is counted once', () => {
  const predictor = predictorFor(TIMES);

  it.each([
    ['malformed-request', 'a line that is no request', `${CANARY}\r\n\r\n`],
    [
      'malformed-request',
      'a length and chunks',
      `${head('Content-Length: 5\r\n')}Transfer-Encoding: chunked\r\n\r\n`,
    ],
    ['malformed-request', 'two hosts', `GET /livez HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n`],
    ['malformed-request', 'garbage in many lines', `${CANARY}\r\n\r\n`.repeat(5000)],
    ['malformed-request', 'a request after a right one', `${whole()}${CANARY}\r\n\r\n`],
    ['invalid-encoding', 'a bad chunk', inChunks('zz\r\n')],
    ['request-timeout', 'half a head', head()],
    ['request-timeout', 'half a body', `${head('Content-Length: 28\r\n')}\r\n{`],
    ['headers-too-large', 'headers of 20 kB', head(`X-A: ${CANARY.repeat(2000)}\r\n`)],
    [
      'headers-too-large',
      'trailers of 20 kB',
      inChunks(`0\r\nX-A: ${CANARY.repeat(2000)}\r\n\r\n`),
    ],
    ['expectation-failed', 'an expectation', `${head(`Expect: ${CANARY}\r\n${CLOSE}`)}\r\n`],
    ['method-not-allowed', 'CONNECT', `CONNECT ${CANARY}:80 HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['overloaded', '500 requests at once', whole().repeat(500)],
  ])('as %s: %s', async (reason, _what, bytes) => {
    const before = await refusals(predictor());
    await predictor().send(bytes);
    const after = await refusals(predictor());
    expect(after).toEqual({ ...before, [reason]: (before[reason] ?? 0) + 1 });
  });
});

it('what routes answer, and connections that end in peace, are not counted; all reasons are there from the start', async () => {
  const predictor = await startPredictor(TIMES);
  expect(await refusals(predictor)).toEqual(NONE);
  await predictor.send(`${head('Content-Length: 4\r\n')}\r\n[[[[${LAST}`);
  await predictor.send(`GET /${CANARY} HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`);
  await predictor.send(whole(), { end: true });
  await predictor.send(whole()); // closed after KEEP_ALIVE_TIMEOUT_MS
  const left = await predictor.open();
  left.write(whole());
  await once(left, 'data');
  left.resetAndDestroy();
  await sleep(100);
  expect(await refusals(predictor)).toEqual(NONE);
  await predictor.stop();
});
