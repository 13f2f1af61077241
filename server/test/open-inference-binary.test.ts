// Binary tensors of the Open Inference Protocol, as Triton's extension says.
import { request } from 'node:http';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  binaryRequest,
  float32,
  golden,
  infer,
  iris,
  model,
  parts,
  postBytes,
  row,
} from './open-inference.ts';

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
    const many = Buffer.concat(Array(200).fill(tensor)); // small responses are not compressed
    const { length, body } = binaryRequest(
      {
        inputs: [{ ...binaryInput, shape: [200, 4], parameters: { binary_data_size: 3200 } }],
        parameters: { binary_data_output: true },
      },
      many,
    );
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
    expect(json.outputs[0].parameters).toEqual({ binary_data_size: 1600 });
    expect(tensors.readBigInt64LE()).toBe(0n);
  });

  it.each(['gzip', 'gzip, deflate', 'deflate', 'gzip;q=1.0', '*'])(
    'small responses are not compressed, whoever asks for it: %s',
    async (accepted) => {
      const server = await iris();
      const { headers, body } = await infer(server, { inputs: [row] }).set(
        'Accept-Encoding',
        accepted,
      );
      expect(headers['content-encoding']).toBeUndefined();
      expect(body.outputs[0].data).toEqual([0]);
    },
  );

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
