// Compressed bodies that are broken, nested or far larger than they look.
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BODY, CANARY, CLOSE, expectProblem, head, predictorFor, RIGHT } from './wire.ts';

const predictor = predictorFor({
  MAX_BODY_BYTES: '200000',
  UPLOAD_TIMEOUT_MS: '2000',
  HEADERS_TIMEOUT_MS: '1000',
});

const encoded = (coding: string, body: Buffer, target?: string) =>
  Buffer.concat([
    Buffer.from(
      `${head(`Content-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n${CLOSE}`, target)}\r\n`,
    ),
    body,
  ]);
const gzipped = gzipSync(BODY);
/** A thousand times as large as it is. */
const bomb = Buffer.alloc(150_000_000, ' ');

describe('a compressed body', () => {
  it.each([
    ['gzip', gzipped],
    ['GZIP', gzipped],
    ['deflate', deflateSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['identity', Buffer.from(BODY)],
    ['gzip', Buffer.concat([gzipSync(BODY.slice(0, 9)), gzipSync(BODY.slice(9))])],
  ])('in %s is read', async (coding, body) => {
    const [response] = await predictor().send(encoded(coding, body));
    expect(response).toMatchObject({ status: 200, body: RIGHT });
  });

  it.each([
    ['cut short in gzip', 'gzip', gzipped.subarray(0, -9), 400],
    ['cut short in br', 'br', brotliCompressSync(BODY).subarray(0, -3), 400],
    ['in zstd', 'zstd', zstdCompressSync(BODY), 415],
    ['in zstd that is not', 'zstd', Buffer.from(BODY + CANARY), 415],
    ['of no bytes', 'gzip', Buffer.alloc(0), 400],
    ['that is not compressed', 'gzip', Buffer.from(BODY + CANARY), 400],
    ['in br that is not', 'br', Buffer.from(BODY + CANARY), 400],
    ['in deflate without its header', 'deflate', deflateRawSync(BODY), 400],
    [
      'with a wrong checksum',
      'gzip',
      Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8)]),
      400,
    ],
    ['twice in gzip', 'gzip, gzip', gzipSync(gzipped), 415],
    ['in a coding that nobody knows', CANARY, Buffer.from(BODY), 415],
    ['that is 150 MB of spaces in gzip', 'gzip', gzipSync(bomb), 413],
    [
      'that is 150 MB of spaces in br',
      'br',
      brotliCompressSync(bomb, { params: { 0: 1, 1: 3 } }),
      413,
    ],
    ['that is 150 MB of spaces in deflate', 'deflate', deflateSync(bomb), 413],
  ])('%s is refused', async (_what, coding, body, status) => {
    for (const target of ['/predict', '/v2/models/iris/infer']) {
      const responses = await predictor().send(encoded(coding, body, target));
      expect(responses).toHaveLength(1);
      expectProblem(responses[0], status);
    }
  });
});
