// What a client may send to harm the server, another client, or itself: none of it ends the process, takes memory on the
// client's word, is answered with something else than what was sent, or reaches the log.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { infer, model as startModel } from './open-inference.ts';
import { type Running, start, testModel } from './start.ts';

const iris = { inputs: [5.1, 3.5, 1.4, 0.2] };
const post = (server: Running, body: Buffer | string, headers: Record<string, string> = {}) =>
  server.http
    .post('/predict')
    .set({ 'Content-Type': 'application/json', ...headers })
    .serialize((value) => value)
    .send(body);

describe('a body of brackets', () => {
  it.each([
    ['arrays that never end', '['.repeat(200_000)],
    ['objects that never end', '{"a":'.repeat(100_000)],
    ['arrays that end', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['arrays that end wrongly', `${'['.repeat(200_000)}}`],
    ['inputs nested 200,000 deep', `{"inputs":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ])('is a 4xx, however deep: %s', async (_what, body) => {
    const server = await start({ LOG_LEVEL: 'silent' });
    for (const [path, type] of [
      ['/predict', 'application/problem+json'],
      ['/v2/models/iris/infer', 'application/json'],
    ] as const)
      for (const [sent, headers] of [
        [body, {}],
        [gzipSync(body), { 'Content-Encoding': 'gzip' }],
      ] as const) {
        const response = await server.http
          .post(path)
          .set({ 'Content-Type': 'application/json', ...headers })
          .serialize((value) => value)
          .send(sent);
        expect(response.status, response.text).toBeOneOf([400, 422]);
        expect(response.headers['content-type']?.split(';')[0]).toBe(type);
      }
    expect((await server.predict(iris)).body).toEqual({ prediction: [0] });
  });

  it('is a 400 where the data of a tensor is nested deeper than its shape', async () => {
    const server = await startModel('every-datatype');
    const inputs = [{ name: 'float', datatype: 'FP32', shape: [1, 2], data: 'DATA' }];
    const body = JSON.stringify({ inputs }).replace(
      '"DATA"',
      '['.repeat(100_000) + ']'.repeat(100_000),
    );
    const response = await server.http
      .post('/v2/models/model/infer')
      .set('Content-Type', 'application/json')
      .send(body);
    expect(response.status).toBe(400);
    expect(response.body.error).toContain('nested no deeper than the shape');
  });
});

describe('a name with a backslash', () => {
  // V8 takes an escaped key that it reads later for it: https://github.com/nodejs/node/issues/63785
  it.each([
    ['as the second key', '{"inputs":[5.1,3.5,1.4,0.2],"\\\\":1}'],
    ['written as \\u005c', '{"inputs":[5.1,3.5,1.4,0.2],"\\u005C":1}'],
    ['after strings and arrays', '{"id":"\\\\","x":[{"inputs":1,"\\\\":[]}]}'],
    ['before what is no JSON', '{"inputs":{"inputs":1,"\\\\":1},]'],
  ])('is refused before it can be taken for another: %s', async (_what, body) => {
    const server = await start({ LOG_LEVEL: 'silent' });
    for (const [path, message] of [
      ['/predict', 'detail'],
      ['/v2/models/iris/infer', 'error'],
    ] as const) {
      const { status, text } = await server.http
        .post(path)
        .set('Content-Type', 'application/json')
        .serialize((value) => value)
        .send(body);
      expect(status).toBe(400);
      expect(JSON.parse(text)[message]).toMatch(
        /^The name .* at line 1, column \d+ has a backslash;/,
      );
    }
    expect(Object.keys(JSON.parse('{"inputs":[1],"\\n":1}'))).toEqual(['inputs', '\n']);
  });

  it('may be in texts', async () => {
    const server = await startModel('every-datatype');
    const inputs = [{ name: 'string', datatype: 'BYTES', shape: [1, 2], data: ['\\', 'a\\":'] }];
    const { status, body } = await infer(server, { inputs }, '/v2/models/model/infer');
    expect(status).toBe(400); // for the inputs that are missing
    expect(body.error).toContain('is missing');
  });
});

it('an output that is requested twice is refused: a response that repeats a tensor could be of any size', async () => {
  const server = await start({ LOG_LEVEL: 'silent' });
  const inputs = [{ name: 'inputs', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }];
  const outputs = Array(38_000).fill({ name: 'probabilities' });
  const { status, body } = await infer(server, { inputs, outputs });
  expect(status).toBe(400);
  expect(body.error).toMatch(/twice|at most 2|2 elements/);
});

it.each([
  ['spaces after the type', 'application/json', ';x=1'],
  ['spaces before a parameter', 'application/json;', 'x'],
  ['spaces in a parameter', 'application/json;charset=', 'x'],
  ['tabs', 'application/json;\t', '=x'],
])('a media type with thousands of spaces is not looked at: %s', async (_what, before, after) => {
  const server = await start({ LOG_LEVEL: 'silent' });
  const long = `${before}${' '.repeat(15_000)}${after}`;
  // Each took up to half a second of quadratic time.
  const { status } = await post(server, JSON.stringify(iris), { 'Content-Type': long });
  expect(status).toBe(415);
});

describe('what a client has written at length', () => {
  const long = 'x'.repeat(10_000);
  it.each([
    ['a path', 'get', `/${long}`, {}, ''],
    ['a path of the protocol', 'get', `/v2/${long}`, {}, ''],
    ['a model', 'get', `/v2/models/${long}`, {}, ''],
    ['a version', 'get', `/v2/models/iris/versions/${long}`, {}, ''],
    ['a media type', 'post', '/predict', { 'Content-Type': `text/${long}` }, '{}'],
    [
      'a charset',
      'post',
      '/predict',
      { 'Content-Type': `application/json; charset=${long}` },
      '{}',
    ],
    ['a coding', 'post', '/predict', { 'Content-Encoding': long }, '{}'],
    ['a version by header', 'post', '/predict', { 'ML-Version': long }, '{"inputs":[1,2,3,4]}'],
    [
      'a length',
      'post',
      '/v2/models/iris/infer',
      { 'Inference-Header-Content-Length': long },
      '{}',
    ],
    ['a field', 'post', '/predict', {}, `{"inputs":[1,2,3,4],"${long}":1}`],
    ['a value', 'post', '/predict', {}, `{"inputs":["${long}"]}`],
    [
      'an input',
      'post',
      '/v2/models/iris/infer',
      {},
      `{"inputs":[{"name":"${long}","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}`,
    ],
    [
      'a datatype',
      'post',
      '/v2/models/iris/infer',
      {},
      `{"inputs":[{"name":"inputs","datatype":"${long}","shape":[1,4],"data":[1,2,3,4]}]}`,
    ],
    [
      'a shape',
      'post',
      '/v2/models/iris/infer',
      {},
      `{"inputs":[{"name":"inputs","datatype":"FP32","shape":[${Array(5000).fill(1)}],"data":[1,2,3,4]}]}`,
    ],
    [
      'an output',
      'post',
      '/v2/models/iris/infer',
      {},
      `{"inputs":[{"name":"inputs","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}],"outputs":[{"name":"${long}"}]}`,
    ],
  ] as const)(
    'is shortened where an error shows it: %s',
    async (_what, method, path, headers, body) => {
      const server = await start({ LOG_LEVEL: 'silent', SPLIT: 'v1=1,v2=0@http://127.0.0.1:1' });
      const response = await server.http[method](path)
        .set({ 'Content-Type': 'application/json', ...headers })
        .serialize((value) => value)
        .send(body || undefined);
      expect(response.status).toBeOneOf([400, 404, 415, 422, 502]);
      expect(response.text.length).toBeLessThan(1000);
    },
  );
});

describe('sizes that are claimed', () => {
  it.each([
    ['BYTES', 'string', [50_000_000, 2], ['a']],
    ['FP32', 'float', [50_000_000, 2], [1, 2]],
    ['INT64', 'int64', [2 ** 31, 2], [1, 2]],
    ['FP64', 'double', [2 ** 52, 2], [1, 2]],
  ])(
    'take no memory before as many elements are there: %s',
    async (datatype, name, shape, data) => {
      const server = await startModel('every-datatype');
      const before = process.memoryUsage();
      const { status, body } = await infer(
        server,
        { inputs: [{ name, datatype, shape, data }] },
        '/v2/models/model/infer',
      );
      expect(body.error).toMatch(/expected \d+ elements, got [12]$/);
      expect(status).toBe(400);
      const after = process.memoryUsage();
      expect(after.rss - before.rss).toBeLessThan(200e6);
    },
  );

  it('take no memory where the first of many rows is long and the others are empty', async () => {
    const server = await start({ MODEL_DIR: testModel('some-per-row'), LOG_LEVEL: 'silent' });
    const inputs = [Array(200_000).fill(0), ...Array(1000).fill([])];
    const { status, body } = await server.predict({ inputs });
    expect(status).toBe(422);
    expect(body.errors[0].pointer).toBe('/inputs/1');
  });
});

describe('text that cannot be carried whole', () => {
  const withString = (value: unknown) => ({
    float16: [1, 2],
    float: [1, 2],
    double: [1, 2],
    int8: [1, 2],
    uint8: [1, 2],
    int16: [1, 2],
    uint16: [1, 2],
    int32: [1, 2],
    uint32: [1, 2],
    int64: [1, 2],
    uint64: [1, 2],
    bool: [true, false],
    string: value,
  });

  it.each([
    ['U+0000, at which ONNX Runtime ends a string', '\u0000x'],
    ['half a surrogate pair', '\ud800'],
  ])('is refused by /predict, never changed: %s', async (_what, text) => {
    const server = await startModel('every-datatype');
    const { status, body } = await server.predict({ inputs: withString([text, 'b']) });
    expect(status).toBe(422);
    expect(body.errors[0]).toMatchObject({
      pointer: expect.stringMatching(/^\/inputs\/string(\/0)?$/),
      detail: expect.stringContaining('expected text without U+0000'),
    });
    const whole = await server.predict({ inputs: withString(['ä\u{1f600}', '']), outputs: true });
    expect(whole.body.outputs.string_out).toEqual([['ä\u{1f600}', '']]);
  });

  it('is a 400 where the JSON is not UTF-8, compressed or not', async () => {
    const server = await start({ LOG_LEVEL: 'silent' });
    const latin1 = Buffer.from('{"inputs":[1,2,3,4],"\xe4":1}', 'latin1');
    for (const [body, headers] of [
      [latin1, {}],
      [gzipSync(latin1), { 'Content-Encoding': 'gzip' }],
    ] as const) {
      const response = await post(server, body, headers);
      expect(response.status).toBe(400);
      expect(response.body.detail).toBe(
        'The body is not valid UTF-8, which JSON has to be. Send it in UTF-8.',
      );
    }
  });
});

it('a byte order mark is ignored, whatever the headers say', async () => {
  const server = await start({ LOG_LEVEL: 'silent' });
  const body = Buffer.from(`\ufeff${JSON.stringify(iris)}`);
  const ways: [Buffer, Record<string, string>][] = [
    [body, {}],
    [body, { 'Content-Type': 'application/json; charset=utf-8' }],
    [gzipSync(body), { 'Content-Encoding': 'gzip' }],
  ];
  for (const [sent, headers] of ways)
    expect((await post(server, sent, headers)).body).toEqual({ prediction: [0] });
});

it.each([
  ['utf-16le', 415],
  ['iso-8859-1', 415],
  ['UTF8', 200],
])('JSON in the charset %s is answered with %i', async (charset, status) => {
  const server = await start({ LOG_LEVEL: 'silent' });
  const response = await post(server, JSON.stringify(iris), {
    'Content-Type': `application/json; charset=${charset}`,
  });
  expect(response.status).toBe(status);
});

describe('the log and the metrics', () => {
  it('hold no value, name, token or path that a client sent, whatever is wrong with it', async () => {
    const server = await start({ LOG_RATE: '0' });
    const canary = 'Jane-Doe-4711';
    const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, canary] };
    const bodies = [
      { inputs: [1, 2, 3, canary] },
      { inputs: [1, 2, 3, 4], [canary]: 1 },
      { inputs: { [canary]: [1] } },
      `{"inputs":${canary}}`,
    ];
    for (const body of bodies)
      await post(server, typeof body === 'string' ? body : JSON.stringify(body));
    for (const request of [
      { inputs: [tensor] },
      { inputs: [{ ...tensor, name: canary }] },
      { inputs: [{ ...tensor, datatype: canary }] },
      { inputs: [{ ...tensor, data: [1, 2, 3, 4] }], outputs: [{ name: canary }] },
      { id: canary, inputs: [] },
    ])
      await infer(server, request);
    await server.http.get(`/${canary}`);
    await server.http.get(`/v2/models/${canary}/ready?${canary}=1`);
    await server.http.post('/predict').set('Content-Type', canary).send('x');
    await expect
      .poll(() => server.logs.filter(({ msg }) => msg === 'request').length)
      .toBeGreaterThanOrEqual(bodies.length + 8);
    expect(JSON.stringify(server.logs)).not.toContain(canary);
    expect((await server.http.get('/metrics')).text).not.toContain(canary);
  });

  it('hold no value that a run failed on', async () => {
    const server = await start({ MODEL_DIR: testModel('fails-on-some-rows') });
    expect((await server.predict({ inputs: [4711] })).status).toBe(500);
    await expect.poll(() => server.logs.find(({ status }) => status === 500)).toBeDefined();
    const line = JSON.stringify(server.logs.find(({ status }) => status === 500));
    expect(line).toContain('Gather');
    expect(line).toContain('idx=…');
    expect(line).not.toContain('4711');
  });

  it('tell of failures at LOG_RATE too, and of how many they leave out', async () => {
    const server = await start({ LOG_RATE: '3' });
    for (let i = 0; i < 40; i++) await server.predict({ inputs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await server.predict({ inputs: 1 });
    const failures = () => server.logs.filter(({ status }) => status === 422);
    await expect.poll(() => failures().at(-1)?.['suppressed']).toBeGreaterThan(0);
    const told = failures().reduce((sum, { suppressed = 0 }) => sum + 1 + Number(suppressed), 0);
    expect(told).toBe(41);
  });
});
