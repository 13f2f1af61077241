// The Open Inference Protocol over gRPC: every method, every datatype, as contents and raw.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { files } from '../start.ts';
import {
  decode,
  encode,
  floats,
  irisRaw,
  irisRow,
  type Plain,
  startGrpc,
  startModel,
  status,
} from './client.ts';

const golden = JSON.parse(readFileSync(new URL('golden.json', `${files.defaultModel}/`), 'utf8'));

describe('ModelInfer', () => {
  it('responds to contents with contents, and to raw contents with raw ones', async () => {
    const { grpc } = await startGrpc();
    const typed = await grpc.infer({ ...irisRow, id: 'one' });
    expect(typed.code, typed.details).toBe(status.OK);
    expect(typed.response).toMatchObject({
      model_name: 'iris',
      model_version: 'v1',
      id: 'one',
      raw_output_contents: [],
      outputs: [
        { name: 'label', datatype: 'INT64', shape: ['1'], contents: { int64_contents: ['0'] } },
        { name: 'probabilities', datatype: 'FP32', shape: ['1', '3'] },
      ],
    });
    const raw = await grpc.infer(irisRaw);
    const [label, probabilities] = raw.response['raw_output_contents'];
    expect(label).toEqual(Buffer.alloc(8));
    const numbers = typed.response['outputs'][1].contents.fp32_contents;
    expect(probabilities).toEqual(floats(...numbers));
    expect(raw.response['outputs'][0].contents).toBeNull();
  });

  it('gives the outputs that are asked for, in the order in which they are', async () => {
    const { grpc } = await startGrpc();
    const names = async (...outputs: string[]) => {
      const { response } = await grpc.infer({
        ...irisRow,
        outputs: outputs.map((name) => ({ name })),
      });
      return response['outputs'].map(({ name }: Plain) => name);
    };
    expect(await names('probabilities', 'label')).toEqual(['probabilities', 'label']);
    expect(await names('probabilities')).toEqual(['probabilities']);
    expect(await names()).toEqual(['label', 'probabilities']);
  });

  it('takes any model for an empty name, and any version for an empty one', async () => {
    const { grpc } = await startGrpc();
    for (const named of [{ model_name: '' }, { model_version: 'v1' }, {}])
      expect((await grpc.infer({ ...irisRow, ...named })).code).toBe(status.OK);
  });

  const everyDatatype: [string, string, unknown[], Buffer][] = [
    ['FP32', 'fp32_contents', [1.5, -0], floats(1.5, -0)],
    [
      'FP64',
      'fp64_contents',
      [Math.PI, 5e-324],
      Buffer.from(Float64Array.of(Math.PI, 5e-324).buffer),
    ],
    ['INT8', 'int_contents', [-128, 127], Buffer.from(Int8Array.of(-128, 127).buffer)],
    ['UINT8', 'uint_contents', [0, 255], Buffer.from([0, 255])],
    ['INT16', 'int_contents', [-32768, 32767], Buffer.from(Int16Array.of(-32768, 32767).buffer)],
    ['UINT16', 'uint_contents', [0, 65535], Buffer.from(Uint16Array.of(0, 65535).buffer)],
    [
      'INT32',
      'int_contents',
      [-(2 ** 31), 2 ** 31 - 1],
      Buffer.from(Int32Array.of(-(2 ** 31), 2 ** 31 - 1).buffer),
    ],
    [
      'UINT32',
      'uint_contents',
      [0, 2 ** 32 - 1],
      Buffer.from(Uint32Array.of(0, 2 ** 32 - 1).buffer),
    ],
    [
      'INT64',
      'int64_contents',
      ['-9223372036854775808', '9007199254740993'],
      Buffer.from(BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n).buffer),
    ],
    [
      'UINT64',
      'uint64_contents',
      ['0', '18446744073709551615'],
      Buffer.from(BigUint64Array.of(0n, 2n ** 64n - 1n).buffer),
    ],
    ['BOOL', 'bool_contents', [true, false], Buffer.from([1, 0])],
    ['BYTES', 'bytes_contents', [Buffer.from('ä€😀'), Buffer.from('')], withLengths('ä€😀', '')],
  ];
  const half = Buffer.from(Float16Array.of(1.5, -0).buffer);

  it('returns every datatype bit by bit, raw', async () => {
    const { grpc } = await startModel('every-datatype');
    const { response: metadata } = await grpc.call('ModelMetadata');
    const bytes = new Map(everyDatatype.map(([datatype, , , raw]) => [datatype, raw]));
    bytes.set('FP16', half).set('FP32', floats(Number.NaN, -Infinity));
    const inputs = metadata['inputs'].map(({ name, datatype }: Plain) => ({
      name,
      datatype,
      shape: [1, 2],
    }));
    const raw = inputs.map(({ datatype }: Plain) => bytes.get(datatype));
    const { response, details } = await grpc.infer({ inputs, raw_input_contents: raw });
    expect(response['raw_output_contents'], details).toEqual(raw);
    expect(response['outputs'].map(({ datatype }: Plain) => datatype)).toEqual(
      inputs.map(({ datatype }: Plain) => datatype),
    );
  });

  it('returns every datatype as contents, but for FP16, which has none', async () => {
    const { grpc } = await startModel('every-datatype');
    const { response: metadata } = await grpc.call('ModelMetadata');
    const contents = new Map(
      everyDatatype.map(([datatype, field, values]) => [datatype, { [field]: values }] as const),
    );
    const inputs = metadata['inputs'].map(({ name, datatype }: Plain) => ({
      name,
      datatype,
      shape: [1, 2],
      contents: contents.get(datatype) ?? {},
    }));
    const refused = await grpc.infer({ inputs });
    expect([refused.code, refused.details]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringMatching(/^input "float16": expected raw_input_contents, .* FP16$/),
    ]);
  });

  it.each(everyDatatype)('%s comes back as it went, in %s', async (datatype, field, values) => {
    const { encodeTensor, decodeTensor } = await contentsOf(datatype);
    const written = encodeTensor({ [field]: values });
    expect(decodeTensor(written)[field]).toEqual(values);
  });

  it('answers 64 callers at once as it answers each alone', async () => {
    const { grpc } = await startGrpc();
    const rows = Array.from({ length: 64 }, (_, i) => golden.inputs[i % golden.inputs.length]);
    const request = (row: number[], i: number) =>
      i % 2
        ? { ...irisRaw, id: String(i), raw_input_contents: [floats(...row)] }
        : {
            ...irisRow,
            id: String(i),
            inputs: [{ ...irisRow.inputs[0], contents: { fp32_contents: row } }],
          };
    const alone = [];
    for (const [i, row] of rows.entries()) alone.push((await grpc.infer(request(row, i))).response);
    const together = await Promise.all(rows.map((row, i) => grpc.infer(request(row, i))));
    expect(together.map(({ response }) => response)).toEqual(alone);
    expect(alone.slice(0, 10).map((one) => one['id'])).toEqual([...'0123456789']);
  });
});

/** The codec of the server, against that of the client. */
async function contentsOf(datatype: string) {
  const { fromContents, toContents } = await import('../../src/protocols/grpc/contents.ts');
  const { protocolName } = await import('../../src/tensor/protocol-names.ts');
  const { datatypes, isDatatype } = await import('../../src/tensor/datatype.ts');
  const own = Object.keys(datatypes).find(
    (name) => isDatatype(name) && protocolName(name) === datatype,
  );
  if (own === undefined || !isDatatype(own)) throw new Error(datatype);
  const message = 'inference.InferTensorContents';
  return {
    encodeTensor: (contents: object) =>
      toContents({
        datatype: own,
        dims: [2],
        data: fromContents(encode(message, contents), own, 2),
      }),
    decodeTensor: (bytes: Uint8Array) => decode(message, bytes),
  };
}

describe('what is known of the server and its model', () => {
  it('is what the protocol over HTTP says', async () => {
    const { grpc, http } = await startGrpc();
    expect((await grpc.call('ServerLive')).response).toEqual({ live: true });
    expect((await grpc.call('ServerReady')).response).toEqual({ ready: true });
    const over = async (path: string) => (await http.get(path)).body;
    expect((await grpc.call('ServerMetadata')).response).toEqual(await over('/v2'));
    const metadata = await over('/v2/models/iris');
    expect(numbered((await grpc.call('ModelMetadata', { name: 'iris' })).response)).toEqual(
      metadata,
    );
    const config = await over('/v2/models/iris/config');
    const { response } = await grpc.call('ModelConfig', { name: 'iris', version: 'v1' });
    expect(numbered(response['config'])).toEqual(config);
    const { response: index } = await grpc.call('RepositoryIndex', { ready: true });
    expect(index).toEqual({
      models: [{ name: 'iris', version: 'v1', state: 'READY', reason: '' }],
    });
  });

  it('counts what the model has done', async () => {
    const { grpc } = await startGrpc();
    await grpc.infer(irisRow);
    await grpc.infer({ ...irisRow, inputs: [] });
    const { response } = await grpc.call('ModelStatistics', { name: 'iris' });
    const [statistics] = response['model_stats'];
    expect(statistics).toMatchObject({ name: 'iris', version: 'v1', inference_count: '1' });
    expect(statistics.inference_stats.success.count).toBe('1');
    expect(Number(statistics.inference_stats.compute_infer.ns)).toBeGreaterThan(0);
  });

  it('says that a model is ready, and of one that there is not, that it is not', async () => {
    const { grpc } = await startGrpc();
    const ready = async (message: object) =>
      (await grpc.call('ModelReady', message)).response['ready'];
    expect(await ready({ name: 'iris' })).toBe(true);
    expect(await ready({ name: 'iris', version: 'v1' })).toBe(true);
    expect(await ready({ name: 'iris', version: 'v9' })).toBe(false);
    expect(await ready({ name: 'rose' })).toBe(false);
  });

  it.each(['ModelMetadata', 'ModelConfig', 'ModelStatistics'])(
    '%s of a model that there is not is NOT_FOUND, with the sentence of HTTP',
    async (method) => {
      const { grpc, http } = await startGrpc();
      const { code, details } = await grpc.call(method, { name: 'rose' });
      const { body } = await http.get('/v2/models/rose');
      expect([code, details]).toEqual([status.NOT_FOUND, body.error]);
    },
  );

  it.each(['RepositoryModelLoad', 'RepositoryModelUnload'])(
    '%s is UNIMPLEMENTED',
    async (method) => {
      const { grpc } = await startGrpc();
      const { code, details } = await grpc.call(method, { model_name: 'iris' });
      expect([code, details]).toEqual([
        status.UNIMPLEMENTED,
        expect.stringContaining('OPERATOR_KEYS_FILE'),
      ]);
    },
  );
});

describe('ModelStreamInfer', () => {
  const path = '/inference.GRPCInferenceService/ModelStreamInfer';
  const request = (message: object) => encode('inference.ModelInferRequest', message);

  it('responds to each request in order, and goes on after an error', async () => {
    const { grpc } = await startGrpc();
    const stream = grpc.stream(path);
    const responses: Plain[] = [];
    stream.on('data', (bytes) =>
      responses.push(decode('inference.ModelStreamInferResponse', bytes)),
    );
    for (let i = 0; i < 200; i++)
      stream.write(
        request(i % 10 === 3 ? { ...irisRow, id: `${i}`, inputs: [] } : { ...irisRow, id: `${i}` }),
      );
    stream.end();
    const { code } = await new Promise<{ code: number }>((resolve) =>
      stream.once('status', resolve),
    );
    expect(code).toBe(status.OK);
    expect(responses.map((one) => one['infer_response'].id)).toEqual(
      Array.from({ length: 200 }, (_, i) => `${i}`),
    );
    for (const [i, one] of responses.entries()) {
      expect(one['error_message']).toBe(i % 10 === 3 ? 'input "inputs" is missing' : '');
      expect(one['infer_response'].outputs.length).toBe(i % 10 === 3 ? 0 : 2);
    }
  });

  it('responds before the next request is sent, and to bytes that are no message', async () => {
    const { grpc } = await startGrpc();
    const stream = grpc.stream(path);
    const next = () => new Promise<Buffer>((resolve) => stream.once('data', resolve));
    for (const [bytes, message] of [
      [request(irisRow), ''],
      [Buffer.from([0xff]), expect.stringContaining('expected the message ModelInferRequest')],
      [Buffer.alloc(0), 'input "inputs" is missing'],
      [request(irisRaw), ''],
    ] as const) {
      stream.write(bytes);
      const response = decode('inference.ModelStreamInferResponse', await next());
      expect(response['error_message']).toEqual(message);
    }
    stream.end();
  });
});

/** With sizes as numbers, as JSON has them. */
function numbered(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner) =>
    (key === 'shape' || key === 'dims') && Array.isArray(inner) ? inner.map(Number) : inner,
  );
}

function withLengths(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
}
