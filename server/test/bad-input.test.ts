// Every kind of bad request gets its own 4xx, a problem document that names the place and what was expected.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { everyDatatype, start, testModel } from './start.ts';

const FEATURES = '4 numbers (sepal length, sepal width, petal length, petal width)';
const EITHER = `one row of ${FEATURES}, or a batch of 1 to 1024 rows`;
const row = '[5.1,3.5,1.4,0.2]';

describe('a body that is JSON but does not fit the model is 422', () => {
  it.each([
    ['a missing field', '{}', '', 'missing field "inputs"'],
    [
      'an extra field',
      `{"inputs":${row},"input":1}`,
      '',
      'unknown field "input"; expected "inputs", "outputs", "probabilities", "labels"',
    ],
    [
      'a __proto__ key',
      `{"inputs":${row},"__proto__":{"labels":true}}`,
      '',
      'unknown field "__proto__"; expected "inputs", "outputs", "probabilities", "labels"',
    ],
    ['another name', `{"instances":${row}}`, '', 'missing field "inputs"; got "instances"'],
    [
      'many other names',
      `{"input":${row},"__proto__":1,"\\u001b[31m":2,"labels":true,"x":3}`,
      '',
      'missing field "inputs"; got "input", "__proto__", "\\u001b[31m", …',
    ],
    ['an array for a body', '[]', '', 'expected a JSON object, got an empty array'],
    ['null for a body', 'null', '', 'expected a JSON object, got null'],
    ['too few features', '{"inputs":[5.1,3.5,1.4]}', '/inputs', `expected ${FEATURES}, got 3`],
    [
      'too many features',
      '{"inputs":[5.1,3.5,1.4,0.2,1]}',
      '/inputs',
      `expected ${FEATURES}, got 5`,
    ],
    ['a ragged batch', `{"inputs":[${row},[1,2]]}`, '/inputs/1', `expected ${FEATURES}, got 2`],
    ['an empty batch', '{"inputs":[]}', '/inputs', `expected ${EITHER}, got an empty array`],
    ['an empty row', '{"inputs":[[]]}', '/inputs/0', `expected ${FEATURES}, got 0`],
    ['a single number', '{"inputs":5}', '/inputs', `expected ${EITHER}, got 5`],
    [
      'an object of tensors',
      '{"inputs":{"x":[1]}}',
      '/inputs',
      `expected ${EITHER}, got an object`,
    ],
    [
      'too deep a nesting',
      `{"inputs":[[${row}]]}`,
      '/inputs',
      `expected ${EITHER}, got an array nested 3 deep`,
    ],
    [
      'a string',
      '{"inputs":[5.1,3.5,1.4,"0.2"]}',
      '/inputs/3',
      'expected a number (float32), got the string "0.2"',
    ],
    [
      'null',
      '{"inputs":[5.1,null,1.4,0.2]}',
      '/inputs/1',
      'expected a number (float32), got null, which is how JavaScript sends NaN and Infinity',
    ],
    [
      'a boolean',
      '{"inputs":[true,3.5,1.4,0.2]}',
      '/inputs/0',
      'expected a number (float32), got true',
    ],
    [
      'a number beyond float32',
      '{"inputs":[1e39,3.5,1.4,0.2]}',
      '/inputs/0',
      'expected a number (float32) from -3.4028234663852886e+38 to 3.4028234663852886e+38, got 1e+39',
    ],
    [
      'a number beyond float64',
      '{"inputs":[[1e999,3.5,1.4,0.2]]}',
      '/inputs/0/0',
      'expected a number (float32), got Infinity',
    ],
    [
      'an option of the wrong type',
      `{"inputs":${row},"labels":"yes"}`,
      '/labels',
      'expected true or false, got the string "yes"',
    ],
  ])('%s', async (_name, body, pointer, detail) => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const response = await http.post('/predict').set('Content-Type', 'application/json').send(body);
    expect(response.status).toBe(422);
    expect(response.type).toBe('application/problem+json');
    expect(response.body).toEqual({
      type: 'urn:ml-api:problem:invalid-input',
      title: 'The request does not fit the model',
      status: 422,
      detail: `${pointer || 'the body'}: ${detail}`,
      requestId: response.headers['x-request-id'],
      errors: [{ pointer, detail }],
    });
  });

  it('more rows than allowed', async () => {
    const { predict } = await start({ MAX_ROWS: '2', LOG_LEVEL: 'silent' });
    const { status, body } = await predict({
      inputs: [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
    });
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { pointer: '/inputs', detail: 'expected a batch of 1 to 2 rows, got 3' },
    ]);
  });

  it.each([
    [
      'a fraction for an integer',
      { ids: [1, 2.5], mask: [1, 1] },
      '/inputs/ids/1',
      'expected an integer (int64), got 2.5',
    ],
    [
      'an integer that JSON cannot carry exactly',
      { ids: [2 ** 53], mask: [1] },
      '/inputs/ids/0',
      'expected an integer (int64) from -9007199254740991 to 9007199254740991, got 9007199254740992',
    ],
    ['a missing tensor', { ids: [1, 2] }, '/inputs', 'missing field "mask"'],
    [
      'an unknown tensor',
      { ids: [1], mask: [1], x: [1] },
      '/inputs',
      'unknown field "x"; expected "ids", "mask"',
    ],
    [
      'tensors that differ in a shared dimension, so that the model fails',
      { ids: [1, 2, 3], mask: [1, 1] },
      '/inputs/mask',
      'expected 3 in dimension 1 (sequence) as in "ids", got 2',
    ],
    [
      'tensors that differ in their rows',
      { ids: [[1], [2]], mask: [[1]] },
      '/inputs/mask',
      'expected 2 rows as in "ids", got 1',
    ],
    [
      'rows of different lengths',
      {
        ids: [[1, 2], [3]],
        mask: [
          [1, 1],
          [1, 1],
        ],
      },
      '/inputs/ids/1',
      'expected 2 elements like the first of its siblings, got 1: the rows of a batch must have the same shape',
    ],
  ])('%s', async (_name, inputs, pointer, detail) => {
    const { predict } = await start({ MODEL_DIR: testModel('two-inputs'), LOG_LEVEL: 'silent' });
    const { status, body } = await predict({ inputs });
    expect(status).toBe(422);
    expect(body.errors).toEqual([{ pointer, detail }]);
  });

  it.each([
    ['uint8', [256, 0], 'expected an integer (uint8) from 0 to 255, got 256'],
    ['int8', [-129, 0], 'expected an integer (int8) from -128 to 127, got -129'],
    ['float16', [65505, 0], 'expected a number (float16) from -65504 to 65504, got 65505'],
    ['bool', [1, 0], 'expected true or false, got 1'],
    ['string', [1, 'a'], 'expected a string (string), got 1'],
  ])('an element outside the range of %s', async (name, value, detail) => {
    const { predict } = await start({
      MODEL_DIR: testModel('every-datatype'),
      LOG_LEVEL: 'silent',
    });
    const { status, body } = await predict({ inputs: { ...everyDatatype(), [name]: value } });
    expect(status).toBe(422);
    expect(body.errors).toEqual([{ pointer: `/inputs/${name}/0`, detail }]);
  });
});

describe('a body that cannot be read', () => {
  it.each([
    ['an empty body', '', 400, 'empty-body', /^There is no body/],
    [
      'no JSON',
      'inputs=5.1',
      400,
      'invalid-json',
      /^Unexpected "inputs" at line 1, column 1; expected a JSON value\.$/,
    ],
    [
      'JSON that ends early',
      '{"inputs":[1,2',
      400,
      'invalid-json',
      /^The body ends at line 1, column 15/,
    ],
    [
      'a NaN token',
      '{"inputs":[NaN,1,2,3]}',
      400,
      'invalid-json',
      /^NaN at line 1, column 12 is not JSON/,
    ],
    [
      'an Infinity token',
      '{"inputs":\n[1,-Infinity,2,3]}',
      400,
      'invalid-json',
      /^-Infinity at line 2, column 4 is not JSON/,
    ],
  ])('%s is %i', async (_name, body, status, kind, detail) => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const response = await http.post('/predict').set('Content-Type', 'application/json').send(body);
    expect(response.status).toBe(status);
    expect(response.body).toMatchObject({ type: `urn:ml-api:problem:${kind}`, status });
    expect(response.body.detail).toMatch(detail);
  });

  it.each([
    ['a name without quotes', '{inputs:[1]}', 'inputs', 2, 'a name in double quotes'],
    ['a name in single quotes', "{'inputs':[1]}", "'", 2, 'a name in double quotes'],
    ['a comma before a brace', '{"inputs":[1],}', '}', 15, 'a name in double quotes'],
    ['a comma before a bracket', '{"inputs":[1,]}', ']', 14, 'a JSON value'],
    ['no colon', '{"inputs"=[1]}', '=', 10, 'a colon'],
    ['no comma in an array', '{"inputs":[1 2]}', '2', 14, '"," or "]"'],
    ['no comma in an object', '{"inputs":[1] "labels":true}', '"', 15, '"," or "}"'],
    ['two bodies', '{"inputs":[1]}{}', '{', 15, 'the end of the body'],
    [
      'a line break in a string',
      '{"inputs":"a\nb"}',
      '\n',
      13,
      'the rest of a string, up to its closing double quote',
    ],
  ])('%s: says what was expected there', async (_name, body, found, column, expected) => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const response = await http.post('/predict').set('Content-Type', 'application/json').send(body);
    expect(response.status).toBe(400);
    expect(response.body.detail).toBe(
      `Unexpected ${JSON.stringify(found)} at line 1, column ${column}; expected ${expected}.`,
    );
  });

  it('a wrong media type, or none, is 415', async () => {
    const { http, url } = await start({ LOG_LEVEL: 'silent' });
    const form = await http.post('/predict').type('form').send('inputs=5.1');
    expect(form.status).toBe(415);
    expect(form.body.detail).toBe(
      'Content-Type is "application/x-www-form-urlencoded"; expected "application/json".',
    );
    const none = await fetch(`${url}/predict`, {
      method: 'POST',
      body: Buffer.from('{"inputs":[1,2,3,4]}'),
    });
    expect(none.status).toBe(415);
    expect(await none.json()).toMatchObject({
      detail: 'Content-Type is missing; expected "application/json".',
    });
  });

  it('an unknown charset or encoding is 415', async () => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const charset = await http
      .post('/predict')
      .set('Content-Type', 'application/json; charset=klingon')
      .send('{}');
    expect([charset.status, charset.body.type]).toEqual([
      415,
      'urn:ml-api:problem:unsupported-media-type',
    ]);
    const encoding = await http
      .post('/predict')
      .type('json')
      .set('Content-Encoding', 'zip')
      .send('{}');
    expect([encoding.status, encoding.body.type]).toEqual([
      415,
      'urn:ml-api:problem:unsupported-encoding',
    ]);
  });

  it('reads compressed bodies, and refuses bombs and garbage', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent', MAX_BODY_BYTES: '10000' });
    const send = (body: Buffer) =>
      fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
        body: new Uint8Array(body),
      });
    expect(await (await send(gzipSync('{"inputs":[5.1,3.5,1.4,0.2]}'))).json()).toEqual({
      prediction: [0],
    });
    const bomb = await send(gzipSync(' '.repeat(10_000_000)));
    expect(bomb.status).toBe(413);
    expect(await bomb.json()).toMatchObject({
      detail: expect.stringContaining('larger than 10000 bytes'),
    });
    const garbage = await send(Buffer.from('not gzip at all'));
    expect(garbage.status).toBe(400);
    expect(await garbage.json()).toMatchObject({ type: 'urn:ml-api:problem:invalid-encoding' });
  });

  it('a body over the limit is 413, with its length told or not', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent', MAX_BODY_BYTES: '10000' });
    const headers = { 'Content-Type': 'application/json' };
    const told = await fetch(`${url}/predict`, {
      method: 'POST',
      headers,
      body: ' '.repeat(10_001),
    });
    expect(told.status).toBe(413);
    const stream = new Blob([' '.repeat(20_000)]).stream();
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    };
    expect((await fetch(`${url}/predict`, init)).status).toBe(413);
  });
});

describe('what is not in the contract', () => {
  it('an unknown path is 404 and says where all are listed', async () => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const { status, body } = await http.get('/v1/models');
    expect(status).toBe(404);
    expect(body.detail).toBe(
      'There is nothing at "/v1/models". POST /predict predicts; GET /openapi.json lists all paths.',
    );
  });

  it.each([
    ['GET', '/predict', 'POST'],
    ['DELETE', '/predict', 'POST'],
    ['POST', '/model', 'GET, HEAD'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toMatchObject({ type: 'urn:ml-api:problem:method-not-allowed' });
  });

  it('OPTIONS tells the methods', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const response = await fetch(`${url}/predict`, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'POST']);
  });
});

describe('what the model makes of good input', () => {
  it('a NaN output is 500 and says so', async () => {
    const { predict } = await start({ MODEL_DIR: testModel('not-a-number'), LOG_LEVEL: 'silent' });
    const { status, body } = await predict({ inputs: [-1] });
    expect(status).toBe(500);
    expect(body).toMatchObject({
      type: 'urn:ml-api:problem:model-failure',
      detail: 'The model\'s output "log" has the value NaN, which JSON cannot carry.',
    });
  });

  it('a failed run is 500 without a stack trace, and its cause is in the log', async () => {
    const { predict, logs } = await start({ MODEL_DIR: testModel('fails-on-some-rows') });
    const { status, body, text } = await predict({ inputs: [99] });
    expect(status).toBe(500);
    expect(body.type).toBe('urn:ml-api:problem:model-failure');
    expect(text).not.toContain('.ts');
    await expect
      .poll(() => logs.find((line) => line['requestId'] === body.requestId))
      .toMatchObject({
        status: 500,
        err: { message: expect.stringContaining('out of data bounds') },
      });
  });
});
