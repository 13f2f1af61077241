// `infer` of the SDK against real predictors: typed arrays there and back.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BadRequestError,
  createClient,
  type InferParameters,
  NotFoundError,
  ServerError,
} from '../../sdk/src/index.ts';
import { faultyServer, json } from '../../sdk/test/faulty-server.ts';
import { start, testModel } from '../../server/test/start.ts';

const golden = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../model/v1/golden.json'), 'utf8'),
);
const rows = { data: Float32Array.from(golden.inputs.flat()), shape: [150, 4] };

async function client(env: Readonly<Record<string, string>> = {}) {
  const { url } = await start({ LOG_LEVEL: 'silent', ...env });
  return createClient({ baseUrl: url });
}

it('gives all golden predictions', async () => {
  const { infer } = await client();
  const { outputs, ...answer } = await infer({ model: 'iris', inputs: { inputs: rows }, id: 'a' });
  expect(answer).toEqual({ model: 'iris', modelVersion: 'v1', id: 'a' });
  expect(outputs['label']).toEqual({
    datatype: 'INT64',
    shape: [150],
    data: BigInt64Array.from(golden.prediction, BigInt),
  });
  const { data, shape } = outputs['probabilities'] ?? {};
  expect(shape).toEqual([150, 3]);
  expect(data).toBeInstanceOf(Float32Array);
});

it('gives only the outputs that are wanted, of a version by its path and by its name', async () => {
  const { url } = await start({ BASE_PATH: '/v1', LOG_LEVEL: 'silent' });
  const { infer } = createClient({ baseUrl: url, version: 'v1' });
  const { outputs } = await infer({
    model: 'iris',
    modelVersion: 'v1',
    inputs: { inputs: rows },
    outputs: ['label'],
  });
  expect(Object.keys(outputs)).toEqual(['label']);
});

it('returns every datatype as it was', async () => {
  const { infer } = await client({ MODEL_DIR: testModel('every-datatype') });
  const inputs = {
    float16: { data: Uint16Array.of(0x3e00, 0x8000), datatype: 'FP16' },
    float: { data: Float32Array.of(1.5, Number.NaN) },
    double: { data: Float64Array.of(Math.PI, -Infinity) },
    int8: { data: Int8Array.of(-128, 127) },
    uint8: { data: Uint8Array.of(0, 255) },
    int16: { data: Int16Array.of(-32768, 32767) },
    uint16: { data: Uint16Array.of(0, 65535) },
    int32: { data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
    uint32: { data: Uint32Array.of(0, 2 ** 32 - 1) },
    int64: { data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
    uint64: { data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
    bool: { data: [true, false] },
    string: { data: ['ä€😀', ''] },
  } as const;
  const shaped = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, { ...tensor, shape: [1, 2] }]),
  );
  const { outputs } = await infer({ model: 'model', inputs: shaped });
  for (const [name, { data }] of Object.entries(inputs))
    expect(outputs[`${name}_out`], name).toMatchObject({ shape: [1, 2], data });
  expect(outputs['float16_out']?.datatype).toBe('FP16');
});

describe('a server without binary tensors', () => {
  const extensions: string[] = [];
  const answer = {
    model_name: 'm',
    model_version: '1',
    outputs: [
      {
        name: 'a',
        datatype: 'FP32',
        shape: [2, 2],
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      { name: 'b', datatype: 'INT64', shape: [1], data: [7] },
      { name: 'c', datatype: 'BYTES', shape: [1], data: ['x'] },
      { name: 'd', datatype: 'BOOL', shape: [1], data: [true] },
    ],
  };
  const jsonServer = () =>
    faultyServer((request, response) =>
      json(response, 200, request.url === '/v2' ? { name: 'other', extensions } : answer),
    );

  it('is asked in JSON with every digit, and its answers in JSON are read', async () => {
    const { url, requests } = await jsonServer();
    const { outputs } = await createClient({ baseUrl: url }).infer({
      model: 'm',
      id: 'i',
      outputs: ['a'],
      inputs: {
        x: { data: Float32Array.of(1.5, -2), shape: [1, 2] },
        y: { data: BigInt64Array.of(2n ** 63n - 1n) },
        z: { data: ['"'] },
        b: { data: [true] },
      },
    });
    expect(requests[1]?.headers['content-type']).toBe('application/json');
    expect(requests[1]?.body).toBe(
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1.5,-2]},{"name":"y","datatype":"INT64","shape":[1],"data":[9223372036854775807]},{"name":"z","datatype":"BYTES","shape":[1],"data":["\\""]},{"name":"b","datatype":"BOOL","shape":[1],"data":[true]}],"id":"i","outputs":[{"name":"a"}]}',
    );
    expect(outputs['a']?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(outputs['b']?.data).toEqual(BigInt64Array.of(7n));
    expect(outputs['c']?.data).toEqual(['x']);
    expect(outputs['d']?.data).toEqual([true]);
  });

  it('gives the same predictions as one with them', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const binary = await createClient({ baseUrl: url }).infer({
      model: 'iris',
      inputs: { inputs: rows },
    });
    const hidden: typeof fetch = (input, init) =>
      input === `${url}/v2` ? Promise.resolve(Response.json({ extensions })) : fetch(input, init);
    const inJson = await createClient({ baseUrl: url, fetch: hidden }).infer({
      model: 'iris',
      inputs: { inputs: rows },
    });
    expect(inJson).toEqual(binary);
  });

  it('is asked once what it takes, also where it has no metadata', async () => {
    const { url, requests } = await faultyServer((request, response) =>
      request.url === '/v2' ? json(response, 404, {}) : json(response, 200, answer),
    );
    const client = createClient({ baseUrl: url });
    for (const _ of ['first', 'second']) await client.infer({ model: 'm', inputs: {} });
    expect(requests.map((request) => request.url)).toEqual([
      '/v2',
      '/v2/models/m/infer',
      '/v2/models/m/infer',
    ]);
  });

  it('is asked again where it could not say', async () => {
    const { url } = await faultyServer((_request, response, call) =>
      call === 1 ? json(response, 500, {}) : json(response, 200, { extensions, ...answer }),
    );
    const client = createClient({ baseUrl: url });
    await expect(client.infer({ model: 'm', inputs: {} })).rejects.toBeInstanceOf(ServerError);
    await expect(client.infer({ model: 'm', inputs: {} })).resolves.toMatchObject({ model: 'm' });
  });

  it.each([
    [{ data: Float32Array.of(1, Number.NaN) }, 'has NaN at 1, which JSON cannot carry'],
    [
      { data: Uint16Array.of(0), datatype: 'FP16' as const },
      'is FP16, which JSON cannot represent',
    ],
  ])('is sent nothing that JSON cannot carry: %o', async (tensor, message) => {
    const { url, requests } = await jsonServer();
    const { infer } = createClient({ baseUrl: url });
    await expect(infer({ model: 'm', inputs: { x: tensor } })).rejects.toThrow(message);
    expect(requests).toHaveLength(1);
  });
});

describe('throws', () => {
  it('the sentence of the server', async () => {
    const { infer } = await client();
    const wrong = infer({ model: 'iris', inputs: { inputs: { ...rows, shape: [200, 3] } } });
    await expect(wrong).rejects.toBeInstanceOf(BadRequestError);
    await expect(wrong).rejects.toThrow('expected the shape [-1,4], got [200,3]');
    const rose = infer({ model: 'rose', inputs: { inputs: rows } });
    await expect(rose).rejects.toBeInstanceOf(NotFoundError);
    await expect(rose).rejects.toThrow('There is no model "rose" here; this server has "iris"');
  });

  it('before it sends what cannot be right', async () => {
    const { infer } = await client();
    await expect(
      infer({ model: 'iris', inputs: { inputs: { ...rows, shape: [1, 4] } } }),
    ).rejects.toThrow('The tensor "inputs" has 600 elements, and its shape [1,4] needs 4.');
    // What only JavaScript lets pass.
    const inputs = { inputs: { data: [5.1, 3.5, 1.4, 0.2] as unknown as string[] } };
    await expect(infer({ model: 'iris', inputs })).rejects.toThrow(
      'The tensor "inputs" has its numbers in an array; expected one with a datatype, such as a Float32Array.',
    );
    await expect(infer({ inputs: { inputs: rows } } as unknown as InferParameters)).rejects.toThrow(
      "model: expected a model's name.",
    );
  });
});
