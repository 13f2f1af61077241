// Answers that are a success and not what the contract says: every one is an InvalidResponseError, and never another number.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createClient,
  InvalidResponseError,
  MlApiError,
  UnsafeIntegerError,
} from '../../sdk/src/index.ts';
import { createTfServingClient } from '../../sdk/src/tfserving.ts';
import { createTorchServeClient } from '../../sdk/src/torchserve.ts';
import { faultyServer } from '../../sdk/test/faulty-server.ts';

type Body = string | Buffer;

/** A client of a server that gives this body for whatever it is asked, but has no binary tensors. */
async function answering(body: Body, headers: Readonly<Record<string, string>> = {}) {
  const { url } = await faultyServer((req, res) => {
    if (req.url === '/v2') return void res.end('{"name":"other","version":"1","extensions":[]}');
    res.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(body);
  });
  return createClient({ baseUrl: url, retries: 0 });
}

const outputsOf = (...outputs: object[]) => JSON.stringify({ model_name: 'm', outputs });
const output = (datatype: unknown, data: string, shape = '[1]') =>
  `{"model_name":"m","outputs":[{"name":"o","datatype":${JSON.stringify(datatype)},"shape":${shape},"data":${data}}]}`;

async function inferring(body: Body, headers = {}) {
  const { infer } = await answering(body, headers);
  return await infer({ model: 'm', inputs: {} });
}

async function refused(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    (value) => expect.fail(`gave ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidResponseError);
  return String(error);
}

describe('infer in JSON refuses', () => {
  it.each([
    ['FP32', 'null'],
    ['FP32', '1e39'],
    ['FP32', '-1e300'],
    ['FP64', '1e400'],
    ['FP32', '"1"'],
    ['FP64', 'true'],
    ['FP64', '{"a":1}'],
    ['INT8', '300'],
    ['INT8', '-129'],
    ['UINT8', '-1'],
    ['INT16', '32768'],
    ['UINT16', '65536'],
    ['INT32', '2147483648'],
    ['UINT32', '4294967296'],
    ['UINT32', '1.5'],
    ['INT32', '99999999999999999999'],
    ['INT64', '1'.repeat(3_000_000)],
    ['BOOL', '2'],
    ['BOOL', '"true"'],
    ['BOOL', 'null'],
    ['BYTES', '5'],
    ['BYTES', 'null'],
  ])('an element that is not of %s', async (datatype, element) => {
    const message = await refused(inferring(output(datatype, `[${element}]`)));
    expect(message).toContain(`whose output "o" cannot be read: `);
    expect(message).toContain(` is no ${datatype}.`);
    expect(message.length).toBeLessThan(400);
  });

  it.each(['constructor', '__proto__', 'toString', 'fp32', '', 5, null, ['FP32']])(
    'the datatype %o',
    async (datatype) => {
      expect(await refused(inferring(output(datatype, '[1]')))).toContain('its datatype is ');
    },
  );

  it.each([
    ['[5]', '[1]'],
    ['[1e15]', '[1]'],
    ['[-1]', '[1]'],
    ['[-1,-1]', '[1]'],
    ['[0.5,2]', '[1]'],
    ['["1"]', '[1]'],
    ['[null]', '[]'],
    ['null', '[1]'],
    ['1', '[1]'],
    ['{"length":0}', '[1]'],
    ['[2,2]', '[1,2,3]'],
    ['[2,2]', '[[1,2,3],[4]]'],
    ['[2,2]', '[[1],[2],[3],[4]]'],
    ['[2,2]', '[1,[2],3,4]'],
    ['[1]', `${'['.repeat(100_000)}1${']'.repeat(100_000)}`],
    ['[1]', '[[]]'],
    ['[1]', '{"0":1,"length":1}'],
    ['[1]', '"1"'],
    ['[1]', 'null'],
  ])('the shape %s, which the data has not', async (shape, data) => {
    const message = await refused(inferring(output('FP32', data, shape)));
    expect(message).toContain('whose output "o" cannot be read: ');
    expect(message.length).toBeLessThan(400);
  });

  it('two outputs of one name, and names that are none', async () => {
    const of = (name: unknown) => ({ name, datatype: 'FP32', shape: [1], data: [1] });
    expect(await refused(inferring(outputsOf(of('o'), of('o'))))).toContain(
      'whose two outputs have the same name: "o"',
    );
    for (const name of [null, 5, ['o'], undefined]) await refused(inferring(outputsOf(of(name))));
    const long = await refused(inferring(outputsOf(of('o'.repeat(9_999)), of('o'.repeat(9_999)))));
    expect(long.length).toBeLessThan(400);
  });

  it.each([
    'null',
    '5',
    '[]',
    '"a"',
    '{}',
    '{"outputs":null}',
    '{"model_name":"m","outputs":null}',
    '{"model_name":"m","outputs":{}}',
    '{"model_name":"m","outputs":[null]}',
    '{"model_name":"m","outputs":[5]}',
    '{"model_name":null,"outputs":[]}',
    '['.repeat(500_000),
    `{"model_name":"m","outputs":${'['.repeat(500_000)}${']'.repeat(500_000)}}`,
  ])('a body that is no inference', async (body) => {
    await refused(inferring(body));
  });

  it('nothing that is right', async () => {
    for (const [datatype, data, shape] of [
      ['FP32', '[3.4028235e38,-0,1e-300]', '[3]'],
      ['FP64', '[[1e300],[12345678901234567890]]', '[2,1]'],
      ['INT8', '[-128,127]', '[2,1]'],
      ['BOOL', '[[true,false]]', '[1,2]'],
      ['BYTES', '["a",""]', '[2]'],
      ['FP32', '[7]', '[]'],
      ['FP32', '[]', '[0,4]'],
      ['FP32', '[[],[]]', '[2,0]'],
    ] as const) {
      const { outputs } = await inferring(output(datatype, data, shape));
      expect([...(outputs['o']?.data ?? [])]).toEqual(
        JSON.parse(data)
          .flat(9)
          .map(datatype === 'FP32' ? Math.fround : (x: unknown) => x),
      );
    }
  });
});

it('whatever JSON a server gives for an inference, the call gives it or throws an MlApiError', async () => {
  const datatypes = ['FP32', 'FP16', 'INT8', 'UINT32', 'INT64', 'UINT64', 'BOOL', 'BYTES', 'X'];
  const any = fc.jsonValue({ maxDepth: 2 });
  const tensor = fc.record(
    {
      name: fc.oneof(fc.constantFrom('o', '__proto__'), any),
      datatype: fc.oneof(fc.constantFrom(...datatypes), any),
      shape: fc.oneof(fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 2 }), any),
      data: fc.oneof(fc.array(fc.oneof(fc.integer({ min: -300, max: 300 }), any)), any),
      parameters: fc.oneof(fc.record({ binary_data_size: any }), any),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    any,
    fc.record({ model_name: fc.constant('m'), outputs: fc.oneof(fc.array(tensor), any) }),
  );
  let body = '';
  const { url } = await faultyServer((_req, res) =>
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(body),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (value) => {
      body = JSON.stringify(value);
      const client = createClient({ baseUrl: url, retries: 0 });
      for (const call of [
        () => client.infer({ model: 'm', inputs: {} }),
        () => client.predict({ inputs: [1] }),
        () => client.getModel(),
        () => client.getContract(),
      ])
        await call().catch((error: unknown) => expect(error).toBeInstanceOf(MlApiError));
    }),
  );
});

describe('infer in binary refuses', () => {
  /** A binary answer: its JSON, the bytes behind it, and what its header says about the JSON's length. */
  const inBinary = (tensor: object, bytes: Uint8Array, says?: string) => {
    const head = Buffer.from(
      outputsOf({
        ...{ name: 'o', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
        ...tensor,
      }),
    );
    return inferring(Buffer.concat([head, bytes]), {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': says ?? String(head.byteLength),
    });
  };
  const seven = new Uint8Array(Float32Array.of(7).buffer);
  const size = (binary_data_size: unknown) => ({ parameters: { binary_data_size } });

  it.each(['-5', 'abc', '99999999999', '1e2', '1.5', '0', '4', '9'.repeat(400)])(
    'a JSON of the length %s',
    async (says) => {
      await refused(inBinary({}, seven, says));
    },
  );

  it.each([
    ['fewer bytes than it says', {}, [1, 2]],
    ['a size below 0', size(-4), [...seven]],
    ['a size that is no number', size('4'), [...seven]],
    ['a broken size', size(1.5), [...seven]],
    ['fewer bytes than the shape', { shape: [2] }, [...seven]],
    ['more bytes than the shape', { shape: [1], ...size(8) }, [...seven, ...seven]],
    ['half of an element', size(3), [1, 2, 3]],
    ['a shape of a billion texts', { datatype: 'BYTES', shape: [1e9] }, [0, 0, 0, 0]],
    ['a text that ends behind it', { datatype: 'BYTES' }, [9, 0, 0, 0]],
    ['half of a length', { datatype: 'BYTES', ...size(3) }, [0, 0, 0]],
    ['the datatype constructor', { datatype: 'constructor' }, [...seven]],
  ])('%s', async (_name, tensor, bytes) => {
    expect(await refused(inBinary(tensor, Uint8Array.from(bytes)))).toContain(
      'whose output "o" cannot be read: ',
    );
  });

  it('nothing that is right', async () => {
    const { outputs } = await inBinary({}, seven);
    expect(outputs['o']?.data).toEqual(Float32Array.of(7));
  });
});

describe('predict refuses', () => {
  const predicting = async (body: string, headers = {}) =>
    (await answering(body, headers)).predict({ inputs: [1] });

  it.each([
    'null',
    '5',
    '"a"',
    '[]',
    '[1]',
    '{}',
    '{"prediction":5}',
    '{"prediction":null}',
    '{"prediction":"a"}',
    '{"prediction":{"0":1}}',
    '{"prediction":[null]}',
    '{"prediction":[[1],[{}]]}',
    '{"prediction":[1],"labels":"a"}',
    '{"prediction":[1],"labels":[1]}',
    '{"prediction":[1],"probabilities":[[null]]}',
    '{"prediction":[1],"outputs":[]}',
    '{"prediction":[1],"outputs":{"x":null}}',
  ])('%s', async (body) => {
    await refused(predicting(body));
  });

  it('what is nested deeper than any tensor, without overflowing', async () => {
    const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
    for (const body of [
      deep,
      `{"prediction":${deep}}`,
      `{"prediction":[1],"outputs":{"x":${deep}}}`,
    ])
      await refused(predicting(body));
    const objects = `{"prediction":[1],"more":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`;
    await expect(predicting(objects)).resolves.toMatchObject({ prediction: [1] });
  });

  it('bytes, whatever their headers say', async () => {
    await refused(predicting('bytes', { 'Content-Type': 'application/octet-stream' }));
  });

  it.each(['1'.repeat(5_000_000), `-${'9'.repeat(310)}`, '1e400', '[-1e999]'])(
    'a number that is Infinity in JavaScript, with all its digits, in linear time',
    async (number) => {
      const error = await predicting(`{"prediction":[${number}]}`).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(UnsafeIntegerError);
      expect(error.digits).toBe(number.replaceAll(/[[\]]/g, ''));
      expect(error.message.length).toBeLessThan(400);
    },
  );

  it('nothing that is right', async () => {
    for (const body of [
      '{"prediction":[]}',
      '{"prediction":[1,-2.5e300]}',
      '{"prediction":[[[1,2]],[["a",true]]],"labels":["x"],"probabilities":[[0.5,0.5]]}',
      '{"prediction":["a"],"outputs":{"x":5,"y":[[1]],"__proto__":[1]},"more":null}',
    ])
      expect(await predicting(body)).toEqual(JSON.parse(body));
  });
});

it.each([
  'null',
  '[]',
  '{}',
  '{"name":"m","version":"1"}',
  '{"name":5,"version":"1","inputs":[],"outputs":[]}',
])('getModel refuses %s', async (body) => {
  await refused((await answering(body)).getModel());
});

it.each(['null', '[]', '5'])('getContract refuses %s', async (body) => {
  await refused((await answering(body)).getContract());
});

it('the metadata of a server that says nonsense are as none', async () => {
  const model = output('FP32', '[1]');
  for (const extensions of [5, {}, 'binary_tensor_data', null]) {
    const { url } = await faultyServer((req, res) =>
      res.end(req.url === '/v2' ? JSON.stringify({ extensions }) : model),
    );
    const { outputs } = await createClient({ baseUrl: url }).infer({ model: 'm', inputs: {} });
    expect(outputs['o']?.data).toEqual(Float32Array.of(1));
  }
});

describe('of other servers', () => {
  const bytes = { 'Content-Type': 'application/octet-stream' };
  const urlOf = async (body: string, headers = {}) =>
    (await faultyServer((_req, res) => res.writeHead(200, headers).end(body))).url;

  it.each(['null', '5', '[]', '{}', '{"predictions":5}', '{"model_version_status":[null]}'])(
    'TensorFlow Serving: %s is refused',
    async (body) => {
      const client = createTfServingClient({ baseUrl: await urlOf(body), model: 'm' });
      await refused(client.predict({ instances: [1] }));
      await refused(client.getStatus());
      await refused(client.isReady());
    },
  );

  it('bytes are no JSON', async () => {
    const baseUrl = `${await urlOf('bytes', bytes)}/v2/models/m`;
    await refused(createTfServingClient({ baseUrl, model: 'm' }).predict({ instances: [1] }));
    await refused(createTorchServeClient({ baseUrl, model: 'infer' }).predict(1));
  });

  it('TorchServe: any JSON is an answer, and only its word is health', async () => {
    for (const body of ['null', '5', '[]', '{}']) {
      const client = createTorchServeClient({ baseUrl: await urlOf(body), model: 'm' });
      expect(await client.isReady()).toBe(false);
      expect(await client.predict(1)).toEqual(JSON.parse(body));
    }
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    const client = createTorchServeClient({ baseUrl: await urlOf(deep), model: 'm' });
    await expect(client.predict(1)).resolves.toBeInstanceOf(Array);
  });
});
