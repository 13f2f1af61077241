// Bad requests of every kind, each with the status that it must get, and clients that go away. Wherever a value can stand,
// there stands a canary.
import { gzipSync } from 'node:zlib';
import { canaryNumber, canaryWord } from './canary.ts';
import { type Abandoned, type Answered, type Kind, post, postBinary, rawPost } from './kind.ts';

const row = [5.1, 3.5, 1.4, 0.2];
const infer = '/v2/models/iris/infer';
const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: row };

function refused(
  name: string,
  status: number,
  send: Answered['send'],
  more: Partial<Pick<Answered, 'mayBeCut'>> = {},
): Answered {
  return { name, weight: 1, status, send, ...more };
}
const predict = (
  name: string,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) => refused(`/predict: ${name}`, status, () => post('/predict', body, headers));
const inference = (name: string, inputs: unknown, more: object = {}) =>
  refused(`infer: ${name}`, 400, () => post(infer, { inputs, ...more }));

/** As large as fits in a body of the default limit, made once. */
const deep = '['.repeat(200_000);
const tooLarge = Buffer.alloc(2 * 1024 ** 2, '1,');
const bomb = gzipSync(Buffer.alloc(8 * 1024 ** 2, ' '));
const cutGzip = gzipSync(JSON.stringify({ inputs: row })).subarray(0, 20);

export const refusals: readonly Kind[] = [
  predict('broken JSON', 400, `{"inputs": [1, 2, ${canaryWord}]}`),
  predict('200,000 arrays', 400, deep),
  predict('JSON that ends early', 400, `{"inputs": [1, "${canaryWord}`),
  predict('NaN', 400, '{"inputs": [1, 2, 3, NaN]}'),
  predict('no body', 400, ''),
  predict('a word for a number', 422, { inputs: [1, 2, 3, canaryWord] }),
  predict('a row that is too long', 422, { inputs: [1, 2, 3, 4, canaryNumber] }),
  predict('rows of different lengths', 422, { inputs: [row, [canaryNumber]] }),
  predict('a field that is not known', 422, { inputs: row, [canaryWord]: 1 }),
  predict('a number that float32 cannot carry', 422, { inputs: [1, 2, 3, `${canaryNumber}e300`] }),
  predict('too many rows', 422, { inputs: Array(1025).fill(row) }),
  predict('no object', 422, JSON.stringify(canaryWord)),
  predict('__proto__', 422, `{"__proto__": {"inputs": 1}, "${canaryWord}": 2}`),
  predict('another media type', 415, canaryWord, { 'Content-Type': `text/${canaryWord}` }),
  predict('another charset', 415, '{}', { 'Content-Type': 'application/json; charset=utf-7' }),
  predict('an unknown coding', 415, '{}', { 'Content-Encoding': canaryWord.toLowerCase() }),
  predict('no gzip', 400, canaryWord, { 'Content-Encoding': 'gzip' }),
  predict('gzip that ends early', 400, cutGzip, { 'Content-Encoding': 'gzip' }),
  predict('gzip that becomes large', 413, bomb, { 'Content-Encoding': 'gzip' }),
  refused('/predict: too large', 413, () => post('/predict', tooLarge), { mayBeCut: true }),
  refused(
    '/predict: too large, in chunks',
    413,
    () => ({ ...post('/predict', tooLarge), chunked: true }),
    { mayBeCut: true },
  ),
  refused('no such path', 404, () => ({ method: 'GET', path: `/${canaryWord}?${canaryWord}` })),
  refused('no such method', 405, () => ({ method: 'DELETE', path: '/predict' })),
  refused('infer: no such model', 404, () => post(`/v2/models/${canaryWord}/infer`, {})),
  inference('no inputs', []),
  inference('no such input', [{ ...tensor, name: canaryWord }]),
  inference('an input twice', [tensor, tensor]),
  inference('another datatype', [{ ...tensor, datatype: 'BYTES', data: [canaryWord] }]),
  inference('a word for a number', [{ ...tensor, data: [1, 2, 3, canaryWord] }]),
  inference('another shape', [{ ...tensor, shape: [4] }]),
  inference('a shape without its elements', [{ ...tensor, shape: [50_000_000, 4] }]),
  inference('too many elements', [{ ...tensor, data: [...row, canaryNumber] }]),
  inference('an output that is not there', [tensor], { outputs: [{ name: canaryWord }] }),
  refused('infer: broken JSON', 400, () => post(infer, `{"inputs": ${canaryWord}}`)),
  refused('infer: fewer bytes than it says', 400, () =>
    postBinary(
      infer,
      { inputs: [{ ...tensor, data: undefined, parameters: { binary_data_size: 1000 } }] },
      Buffer.from(canaryWord),
    ),
  ),
  refused('infer: a JSON length beyond the body', 400, () =>
    post(infer, { inputs: [tensor] }, { 'Inference-Header-Content-Length': '99999' }),
  ),
  refused('infer: a JSON length that is a word', 400, () =>
    post(infer, { inputs: [tensor] }, { 'Inference-Header-Content-Length': canaryWord }),
  ),
];

const gone = (name: string, bytes: Buffer, waitMs: number, reset: boolean): Abandoned => ({
  name,
  weight: 1,
  bytes,
  waitMs,
  reset,
});
const whole = JSON.stringify({ inputs: Array(200).fill(row) });

export const disconnects: readonly Kind[] = [
  gone('a connection that says nothing', Buffer.alloc(0), 0, false),
  gone('goes away in the headers', Buffer.from('POST /predict HTTP/1.1\r\nHost: x'), 5, true),
  gone('goes away before the body', rawPost('/predict', 100, ''), 5, true),
  gone('goes away in the body', rawPost('/predict', 100, `{"inputs": ["${canaryWord}`), 5, true),
  gone('ends in the body', rawPost('/predict', 100, `{"inputs": ["${canaryWord}`), 5, false),
  gone('goes away at once after its request', rawPost('/predict', whole.length, whole), 0, true),
  gone('goes away during the run', rawPost('/predict', whole.length, whole), 1, true),
  gone('no HTTP', Buffer.from(`${canaryWord}\r\n\r\n`), 5, false),
  gone('a TLS client', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]), 5, false),
];
