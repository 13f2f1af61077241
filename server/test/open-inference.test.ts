// The Open Inference Protocol, version 2, as its specification says: health, metadata, and inference in JSON. test/clients
// holds unmodified clients against it.
import { describe, expect, it } from 'vitest';
import { golden, infer, iris, model, parts, row } from './open-inference.ts';
import { everyDatatype, keysFile, start } from './start.ts';

describe('health and metadata', () => {
  it.each([
    ['/v2', { name: 'ml-api', extensions: expect.arrayContaining(['binary_tensor_data']) }],
    ['/v2/health/live', { live: true, ready: true }],
    ['/v2/health/ready', { live: true, ready: true }],
    ['/v2/models/iris/ready', { name: 'iris', ready: true }],
    ['/v2/models/iris/versions/v1/ready', { name: 'iris', ready: true }],
    [
      '/v2/models/iris',
      {
        name: 'iris',
        versions: ['v1'],
        inputs: [{ name: 'inputs', datatype: 'FP32', shape: [-1, 4] }],
        outputs: [
          { name: 'label', datatype: 'INT64', shape: [-1] },
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
        ],
      },
    ],
    [
      '/v2/models/iris/config',
      {
        backend: 'onnxruntime',
        max_batch_size: 1024,
        input: [{ name: 'inputs', data_type: 'TYPE_FP32', dims: [4] }],
      },
    ],
  ])('GET %s', async (path, expected) => {
    const { http } = await iris();
    const { status, body } = await http.get(path);
    expect(status).toBe(200);
    expect(body).toMatchObject(expected);
  });

  it('has no dimension of rows taken out where there is none', async () => {
    const { http } = await model('one-image');
    const { body } = await http.get('/v2/models/model/config');
    expect(body).toMatchObject({ max_batch_size: 0, input: [{ dims: [1, 3, 2, 2] }] });
  });

  it('lists the model in the repository index, and counts what it did', async () => {
    const server = await iris();
    expect((await server.http.post('/v2/repository/index').send({})).body).toEqual([
      { name: 'iris', version: 'v1', state: 'READY', reason: '' },
    ]);
    await infer(server, { inputs: [row] });
    await server.predict({
      inputs: [
        [5.1, 3.5, 1.4, 0.2],
        [6.7, 3, 5.2, 2.3],
      ],
    });
    await infer(server, { inputs: [{ ...row, shape: [1, 3] }] });
    const { body } = await server.http.get('/v2/models/iris/stats');
    expect(body.model_stats[0]).toMatchObject({
      name: 'iris',
      inference_count: 3,
      execution_count: 2,
      inference_stats: { success: { count: 2 }, queue: { count: 2 } },
    });
    expect(body.model_stats[0].inference_stats.compute_infer.ns).toBeGreaterThan(0);
  });

  it('is also below the base path', async () => {
    const server = await start({ BASE_PATH: '/v2', MODEL_VERSION: 'v2', LOG_LEVEL: 'silent' });
    expect((await server.http.get('/v2/v2/health/ready')).body.ready).toBe(true);
    expect((await server.http.get('/v2/health/ready')).body.ready).toBe(true);
    expect((await server.http.post('/v2/predict').send({ inputs: row.data })).body).toEqual({
      prediction: [0],
    });
    const { body } = await infer(server, { inputs: [row] }, '/v2/v2/models/iris/versions/v2/infer');
    expect(body.model_version).toBe('v2');
  });

  it('asks for the API key where one is needed, but not for health', async () => {
    const server = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
    const refused = await infer(server, { inputs: [row] });
    expect([refused.status, refused.body]).toEqual([
      401,
      { error: expect.stringContaining('key') },
    ]);
    expect((await server.http.get('/v2/health/ready')).status).toBe(200);
    expect((await server.http.get('/v2/models/iris/ready')).status).toBe(200);
    expect((await infer(server, { inputs: [row] }).set('X-API-Key', 'second-key')).status).toBe(
      200,
    );
  });
});

describe('inference in JSON', () => {
  it('gives all golden predictions, flat and nested', async () => {
    const server = await iris();
    const shape = [golden.inputs.length, 4];
    for (const data of [golden.inputs, golden.inputs.flat()]) {
      const { body, headers } = await infer(server, {
        id: 'a',
        inputs: [{ ...row, shape, data }],
        outputs: [{ name: 'label' }],
      });
      expect(body).toEqual({
        model_name: 'iris',
        model_version: 'v1',
        id: 'a',
        outputs: [{ name: 'label', datatype: 'INT64', shape: [150], data: golden.prediction }],
      });
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'ml-model-version': 'v1',
        'server-timing': expect.stringMatching(/^queue;dur=/),
      });
    }
  });

  it('needs no Content-Type', async () => {
    const { http } = await iris();
    const { status } = await http
      .post('/v2/models/iris/infer')
      .unset('Content-Type')
      .serialize((body) => body)
      .send(Buffer.from(JSON.stringify({ inputs: [row] })));
    expect(status).toBe(200);
  });

  it('carries every datatype', async () => {
    const server = await model('every-datatype');
    const rows = everyDatatype();
    const { body: metadata } = await server.http.get('/v2/models/model');
    const inputs = metadata.inputs.map(
      ({ name, datatype }: { name: string; datatype: string }) => ({
        name,
        datatype,
        shape: [1, 2],
        data: rows[name],
      }),
    );
    const { body } = await infer(server, { inputs }, '/v2/models/model/infer');
    expect(body.outputs).toEqual(
      inputs.map((input: { name: string }) => ({ ...input, name: `${input.name}_out` })),
    );
  });

  it('takes several inputs, states and scalars', async () => {
    const server = await model('state-and-scalar');
    const state = { name: 'state', datatype: 'FP32', shape: [2, 1, 3], data: [1, 2, 3, 4, 5, 6] };
    const rate = { name: 'rate', datatype: 'INT64', shape: [], data: [2] };
    const { status, body } = await infer(
      server,
      { inputs: [state, rate] },
      '/v2/models/model/infer',
    );
    expect(status).toBe(200);
    expect(body.outputs[0]).toMatchObject({ name: 'next', shape: [2, 1, 3] });
  });

  it('says which output JSON cannot carry', async () => {
    const server = await model('not-a-number');
    const input = { name: 'x', datatype: 'FP32', shape: [1, 1], data: [-1] };
    const { status, body } = await infer(server, { inputs: [input] }, '/v2/models/model/infer');
    expect(status).toBe(500);
    expect(body.error).toMatch(/"log" has the value NaN, which JSON cannot carry/);
    const request = { inputs: [input], parameters: { binary_data_output: true } };
    const binary = await infer(server, request, '/v2/models/model/infer').responseType('blob');
    const { tensors } = parts(binary.body, binary.headers['inference-header-content-length']);
    expect(tensors.readFloatLE()).toBeNaN();
  });
});
