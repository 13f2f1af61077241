// What the Open Inference Protocol refuses here, and the sentences that say why.
import { describe, expect, it } from 'vitest';
import { binaryRequest, float32, infer, iris, model, postBytes, row } from './open-inference.ts';

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
      'input "inputs": expected 4 elements, got 5',
    ],
    ['null among numbers', given({ data: [1, 2, null, 4] }), 'got null at 2'],
    ['an object among numbers', given({ data: [1, [2, {}], 4] }), 'got {} at 2'],
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
      'outputs that are no list',
      { inputs: [row], outputs: 'x' },
      '/outputs: expected an array, got the string "x"',
    ],
    [
      'an output whose name is none',
      { inputs: [row], outputs: [{ name: [null, null] }] },
      '/outputs/0/name: expected a string, got an array',
    ],
    ['an id that is no text', { id: 7, inputs: [row] }, '/id: expected a string, got 7'],
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
    [
      'JSON of no bytes',
      Buffer.alloc(16),
      { 'Inference-Header-Content-Length': '0', 'Content-Type': 'application/json; charset=utf-8' },
      400,
      'expected "application/octet-stream" for a body that is the only input',
    ],
    [
      'no body that would be the only input',
      Buffer.alloc(0),
      { 'Inference-Header-Content-Length': '0' },
      400,
      'There is no body',
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

  it("what others' extensions have, at the root and below a version's path", async () => {
    const server = await model('two-inputs', { BASE_PATH: '/v1' });
    for (const path of ['/v2/logging', '/v1/v2/systemsharedmemory/status']) {
      const { status, body } = await server.http.get(path);
      expect([status, body]).toEqual([
        404,
        {
          error: expect.stringContaining(`There is nothing at "${path}". POST /predict predicts;`),
        },
      ]);
    }
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
    expect(body.error).toMatch(/expected 1 row as in "ids", got 2/);
    expect(status).toBe(400);
  });
});
