// The Open Inference Protocol, version 2, with its binary tensor data extension, as its specification and Triton's say.
// test/clients holds unmodified clients against it.
import { readFileSync } from 'node:fs';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { everyDatatype, type Running, start, testModel } from './start.ts';

const root = new URL('../../', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('model/v1/golden.json', root), 'utf8'));
const iris = () => start({ LOG_LEVEL: 'silent' });
const model = (name: string) => start({ MODEL_DIR: testModel(name), LOG_LEVEL: 'silent' });
const row = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] };

/** JSON, binary tensors after it, and the header that tells them apart. */
function binaryRequest(request: object, ...tensors: Buffer[]) {
  const json = Buffer.from(JSON.stringify(request));
  return { length: String(json.length), body: Buffer.concat([json, ...tensors]) };
}

function postBytes(
  { http }: Running,
  path: string,
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
) {
  return http
    .post(path)
    .set({ 'Content-Type': 'application/octet-stream', ...headers })
    .responseType('blob') // bytes, whatever the type
    .send(body);
}

const infer = ({ http }: Running, request: object, path = '/v2/models/iris/infer') =>
  http.post(path).send(request);

/** The JSON of a binary answer, and the tensors after it. */
function parts(body: Buffer, headerLength: string | undefined) {
  const at = Number(headerLength);
  return { json: JSON.parse(body.toString('utf8', 0, at)), tensors: body.subarray(at) };
}

const float32 = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);

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
    const file = new URL(
      'open-inference.keys',
      new URL(`file://${process.env['TMPDIR'] ?? '/tmp'}/`),
    );
    const { writeFileSync, rmSync } = await import('node:fs');
    writeFileSync(file, 'secret-key\n');
    const server = await start({ API_KEYS_FILE: file.pathname, LOG_LEVEL: 'silent' });
    rmSync(file);
    const refused = await infer(server, { inputs: [row] });
    expect([refused.status, refused.body]).toEqual([
      401,
      { error: expect.stringContaining('key') },
    ]);
    expect((await server.http.get('/v2/health/ready')).status).toBe(200);
    expect((await server.http.get('/v2/models/iris/ready')).status).toBe(200);
    expect((await infer(server, { inputs: [row] }).set('X-API-Key', 'secret-key')).status).toBe(
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

describe('inference in binary', () => {
  const input = { name: 'inputs', shape: [1, 4], datatype: 'FP32' };
  const binaryInput = { ...input, parameters: { binary_data_size: 16 } };
  const tensor = float32(5.1, 3.5, 1.4, 0.2);

  it.each<[string, object, string[], string[]]>([
    ['none', {}, [], []],
    [
      'all, by the request',
      { parameters: { binary_data_output: true } },
      ['label', 'probabilities'],
      [],
    ],
    [
      'one of two',
      {
        outputs: [{ name: 'probabilities', parameters: { binary_data: true } }, { name: 'label' }],
      },
      ['probabilities'],
      ['label'],
    ],
    [
      'all but one',
      {
        parameters: { binary_data_output: true },
        outputs: [{ name: 'label', parameters: { binary_data: false } }, { name: 'probabilities' }],
      },
      ['probabilities'],
      ['label'],
    ],
  ])('a binary input, and in binary of the outputs: %s', async (_name, more, binary, json) => {
    const server = await iris();
    const { length, body } = binaryRequest({ inputs: [binaryInput], ...more }, tensor);
    const answer = await postBytes(server, '/v2/models/iris/infer', body, {
      'Inference-Header-Content-Length': length,
    });
    expect(answer.status).toBe(200);
    const headerLength = answer.headers['inference-header-content-length'];
    const isBinary = binary.length > 0;
    expect(headerLength !== undefined).toBe(isBinary);
    expect(answer.headers['content-type']).toBe(
      isBinary ? 'application/octet-stream' : 'application/json',
    );
    const { json: head, tensors } = parts(answer.body, headerLength ?? answer.body.length);
    let at = 0;
    for (const output of head.outputs) {
      const size = output.parameters?.binary_data_size;
      expect(size !== undefined).toBe(binary.includes(output.name));
      expect(output.data !== undefined).toBe(!isBinary || json.includes(output.name));
      if (output.name === 'label' && size) expect(tensors.readBigInt64LE(at)).toBe(0n);
      if (output.name === 'probabilities' && size)
        expect(tensors.readFloatLE(at)).toBeCloseTo(1, 5);
      at += size ?? 0;
    }
    expect(at).toBe(tensors.length);
  });

  it('returns every datatype bit by bit, in the order of the inputs', async () => {
    const server = await model('every-datatype');
    const { body: metadata } = await server.http.get('/v2/models/model');
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const bytes: Record<string, Buffer> = {
      FP16: Buffer.from(new Float16Array([1.5, -0]).buffer),
      FP32: float32(Number.NaN, Infinity),
      FP64: Buffer.from(new Float64Array([Math.PI, -Infinity]).buffer),
      INT8: Buffer.from(new Int8Array([-128, 127]).buffer),
      UINT8: Buffer.from([0, 255]),
      INT16: Buffer.from(new Int16Array([-32768, 32767]).buffer),
      UINT16: Buffer.from(new Uint16Array([0, 65535]).buffer),
      INT32: Buffer.from(new Int32Array([-(2 ** 31), 2 ** 31 - 1]).buffer),
      UINT32: Buffer.from(new Uint32Array([0, 2 ** 32 - 1]).buffer),
      INT64: Buffer.from(new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]).buffer),
      UINT64: Buffer.from(new BigUint64Array([0n, 2n ** 64n - 1n]).buffer),
      BOOL: Buffer.from([1, 0]),
      BYTES: Buffer.concat([text('ä€😀'), text('')]),
    };
    const tensors: Buffer[] = [];
    const inputs = metadata.inputs.map(({ name, datatype }: { name: string; datatype: string }) => {
      const content = bytes[datatype] ?? Buffer.alloc(0);
      tensors.push(content);
      return { name, datatype, shape: [1, 2], parameters: { binary_data_size: content.length } };
    });
    const { length, body } = binaryRequest(
      { inputs, parameters: { binary_data_output: true } },
      ...tensors,
    );
    const answer = await postBytes(server, '/v2/models/model/infer', body, {
      'Inference-Header-Content-Length': length,
    });
    expect(answer.status, answer.body.toString()).toBe(200);
    const back = parts(answer.body, answer.headers['inference-header-content-length']);
    expect(back.json.outputs.map(({ datatype }: { datatype: string }) => datatype)).toEqual(
      inputs.map(({ datatype }: { datatype: string }) => datatype),
    );
    expect(back.tensors.equals(Buffer.concat(tensors))).toBe(true);
  });

  it('takes the whole body as the only input where the header says 0', async () => {
    const server = await iris();
    const zero = { 'Inference-Header-Content-Length': '0' };
    const two = await postBytes(
      server,
      '/v2/models/iris/infer',
      Buffer.concat([tensor, float32(6.7, 3, 5.2, 2.3)]),
      zero,
    );
    expect(JSON.parse(two.body).outputs[0]).toMatchObject({ shape: [2], data: [0, 2] });
    const image = await model('one-image');
    const { body } = await postBytes(image, '/v2/models/model/infer', Buffer.alloc(12, 10), zero);
    expect(JSON.parse(body).outputs[0].data).toEqual([10, 10, 10]);
  });

  it.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
  ])('travels compressed both ways: %s', async (coding, squeeze, expand) => {
    const { url } = await iris();
    const { length, body } = binaryRequest(
      { inputs: [binaryInput], parameters: { binary_data_output: true } },
      tensor,
    );
    const { request } = await import('node:http');
    const [headers, answer] = await new Promise<[NodeJS.Dict<string | string[]>, Buffer]>(
      (resolve, reject) => {
        request(
          `${url}/v2/models/iris/infer`,
          {
            method: 'POST',
            headers: {
              'Content-Encoding': coding,
              'Accept-Encoding': coding,
              'Inference-Header-Content-Length': length,
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.once('end', () => resolve([response.headers, Buffer.concat(chunks)]));
          },
        )
          .once('error', reject)
          .end(squeeze(body));
      },
    );
    expect(headers['content-encoding']).toBe(coding);
    const { json, tensors } = parts(
      expand(answer),
      String(headers['inference-header-content-length']),
    );
    expect(json.outputs[0].parameters).toEqual({ binary_data_size: 8 });
    expect(tensors.readBigInt64LE()).toBe(0n);
  });

  it('is batched with other requests without mixing them up', async () => {
    const server = await iris();
    const answers = await Promise.all(
      golden.inputs.map(async (values: number[]) => {
        const { length, body } = binaryRequest({ inputs: [binaryInput] }, float32(...values));
        const answer = await postBytes(server, '/v2/models/iris/infer', body, {
          'Inference-Header-Content-Length': length,
        });
        return JSON.parse(answer.body).outputs[0].data[0];
      }),
    );
    expect(answers).toEqual(golden.prediction);
  });
});

describe('refuses, as {"error"}', () => {
  const given = (change: object) => ({ inputs: [{ ...row, ...change }] });

  it.each([
    ['no inputs', { outputs: [] }, 'the body: missing field "inputs"'],
    ['an input without a name', { inputs: [{}] }, '/inputs/0: missing field "name"'],
    ['another input', given({ name: 'X' }), 'there is no input "X"; the model takes "inputs"'],
    ['a missing input', { inputs: [] }, 'input "inputs" is missing'],
    ['an input twice', { inputs: [row, row] }, 'input "inputs" is given twice'],
    [
      'another datatype',
      given({ datatype: 'FP64' }),
      'input "inputs": expected the datatype FP32, got FP64',
    ],
    [
      'another width',
      given({ shape: [1, 3] }),
      'input "inputs": expected the shape [-1,4], got [1,3]',
    ],
    ['another rank', given({ shape: [4] }), 'input "inputs": expected the shape [-1,4], got [4]'],
    [
      'no rows',
      given({ shape: [0, 4], data: [] }),
      'input "inputs": expected the shape [-1,4], got [0,4]',
    ],
    [
      'too many rows',
      given({ shape: [1025, 4], data: Array(4100).fill(1) }),
      'expected at most 1024 rows, got 1025',
    ],
    ['too little data', given({ data: [1, 2, 3] }), 'input "inputs": expected 4 elements, got 3'],
    [
      'too much data',
      given({ data: [1, 2, 3, 4, 5] }),
      'input "inputs": expected 4 elements, got more',
    ],
    ['a text among numbers', given({ data: [1, 2, '3', 4] }), 'got "3" at 2'],
    ['a number beyond the datatype', given({ data: [1, 2, 1e39, 4] }), 'got 1e+39 at 2'],
    ['no data', given({ data: undefined }), 'got neither'],
    ['data twice', given({ parameters: { binary_data_size: 0 } }), 'got both'],
    [
      'shared memory',
      given({ parameters: { shared_memory_region: 'x' } }),
      'shared memory is not supported',
    ],
    [
      'another output',
      { inputs: [row], outputs: [{ name: 'Y' }] },
      'there is no output "Y"; the model gives "label", "probabilities"',
    ],
    [
      'an extension that is not there',
      { inputs: [row], outputs: [{ name: 'label', parameters: { classification: 2 } }] },
      'the parameter "classification" is not supported',
    ],
  ])('%s', async (_name, request, message) => {
    const server = await iris();
    const { status, headers, body } = await infer(server, request);
    expect(body).toEqual({ error: expect.stringContaining(message) });
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/json');
  });

  it.each([
    ['no body', Buffer.alloc(0), {}, 400, 'There is no body'],
    ['no JSON', Buffer.from('{"inputs": [NaN]}'), {}, 400, 'NaN at line 1, column 13 is not JSON'],
    [
      'a header beyond the body',
      Buffer.from('{}'),
      { 'Inference-Header-Content-Length': '3' },
      400,
      "up to the body's 2 bytes",
    ],
    [
      'a header that is no number',
      Buffer.from('{}'),
      { 'Inference-Header-Content-Length': '-1' },
      400,
      'expected a whole number',
    ],
    [
      'a body that is no gzip',
      Buffer.from('{}'),
      { 'Content-Encoding': 'gzip' },
      400,
      'does not decompress',
    ],
    [
      'an unknown coding',
      Buffer.from('{}'),
      { 'Content-Encoding': 'zip' },
      415,
      'expected gzip, deflate, br or none',
    ],
    [
      'part of a row',
      Buffer.alloc(20),
      { 'Inference-Header-Content-Length': '0' },
      400,
      'expected a multiple of 16 bytes for the shape [-1,4], got 20',
    ],
    ['a body too large', Buffer.alloc(1_048_577, 32), {}, 413, 'larger than 1048576 bytes'],
  ])('%s', async (_name, bytes, headers, status, message) => {
    const server = await iris();
    const answer = await postBytes(server, '/v2/models/iris/infer', bytes, headers);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining(message) });
    expect(answer.status).toBe(status);
  });

  it.each([
    [
      'a binary input that is cut off',
      16,
      float32(1, 2),
      'expected 16 bytes of binary data, and 8 are left',
    ],
    ['bytes left over', 16, float32(1, 2, 3, 4, 5), '4 bytes follow the binary data'],
    ['a wrong number of bytes', 12, float32(1, 2, 3), 'expected 16 bytes (4 elements), got 12'],
  ])('%s', async (_name, size, tensor, message) => {
    const server = await iris();
    const { data: _, ...input } = row;
    const { length, body } = binaryRequest(
      { inputs: [{ ...input, parameters: { binary_data_size: size } }] },
      tensor,
    );
    const answer = await postBytes(server, '/v2/models/iris/infer', body, {
      'Inference-Header-Content-Length': length,
    });
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining(message) });
    expect(answer.status).toBe(400);
  });

  it('other models, versions and methods', async () => {
    const server = await iris();
    const other = await infer(server, { inputs: [row] }, '/v2/models/rose/infer');
    expect([other.status, other.body]).toEqual([
      404,
      { error: 'There is no model "rose" here; this server has "iris" of version "v1".' },
    ]);
    const version = await server.http.get('/v2/models/iris/versions/2');
    expect([version.status, version.body.error]).toEqual([
      404,
      expect.stringContaining('of version "2"'),
    ]);
    const method = await server.http.get('/v2/models/iris/infer');
    expect([method.status, method.body.error]).toEqual([
      405,
      expect.stringContaining('expected POST'),
    ]);
  });

  it('rows that differ in number between inputs', async () => {
    const server = await model('two-inputs');
    const { body: metadata } = await server.http.get('/v2/models/model');
    const inputs = metadata.inputs.map(
      (
        { name, datatype, shape }: { name: string; datatype: string; shape: number[] },
        i: number,
      ) => {
        const dims = shape.map((_, axis) => (axis === 0 ? 1 + i : 2));
        return {
          name,
          datatype,
          shape: dims,
          data: Array(dims.reduce((a, b) => a * b, 1)).fill(1),
        };
      },
    );
    const { status, body } = await infer(server, { inputs }, '/v2/models/model/infer');
    expect(body.error).toMatch(/expected 1 in dimension 0 \(rows\) as in "ids", got 2/);
    expect(status).toBe(400);
  });
});
