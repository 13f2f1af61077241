// Integers beyond 2^53 on their way through the SDK: exact, or refused, and never rounded.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClient, InvalidResponseError, UnsafeIntegerError } from '../../sdk/src/index.ts';
import { parseKeepingDigits, roundedIntegers } from '../../sdk/src/long-integers.ts';
import { createTfServingClient } from '../../sdk/src/tfserving.ts';
import { createTorchServeClient } from '../../sdk/src/torchserve.ts';
import { faultyServer } from '../../sdk/test/faulty-server.ts';
import { start, testModel } from '../../server/test/start.ts';

const first = 2n ** 53n + 1n;

/** A client of a server that answers with this text, whatever it is asked, but has no binary tensors. */
async function answering(text: string, model?: object) {
  const { url, requests } = await faultyServer((req, res) => {
    res.setHeader('Content-Type', 'application/json');
    if (req.url === '/v2') return void res.end('{"name":"other","extensions":[]}');
    if (req.url === '/model' && model === undefined) return void res.writeHead(404).end('{}');
    res.end(req.url === '/model' ? JSON.stringify(model) : text);
  });
  return { url, requests, client: createClient({ baseUrl: url, retries: 0 }) };
}

const inferenceOf = (datatype: string, data: string, name = 'x') =>
  `{"model_name":"m","id":"\\"9007199254740993","outputs":[{"name":"${name}","datatype":"${datatype}","shape":[${data.split(',').length}],"data":[${data}]}]}`;

describe('infer in JSON', () => {
  it.each([
    ['INT64', BigInt64Array.of(first, -first, -(2n ** 63n), 2n ** 63n - 1n, 0n)],
    ['UINT64', BigUint64Array.of(first, 2n ** 64n - 1n, 7n)],
  ])('gives and sends %s with every digit', async (datatype, data) => {
    const { client, requests } = await answering(inferenceOf(datatype, String(data)));
    const { outputs, id } = await client.infer({ model: 'm', inputs: { x: { data } } });
    expect(outputs['x']?.data).toEqual(data);
    expect(id).toBe('"9007199254740993');
    expect(requests.at(-1)?.body).toContain(`"data":[${data}]`);
  });

  it('gives what a real server gave, the same as in binary', async () => {
    const { url } = await start({ MODEL_DIR: testModel('large-classes'), LOG_LEVEL: 'silent' });
    const inputs = { x: { data: BigInt64Array.of(1n), shape: [1, 1] } }; // the class is 2^53 more
    const binary = await createClient({ baseUrl: url }).infer({ model: 'model', inputs });
    const hidden: typeof fetch = (input, init) =>
      input === `${url}/v2` ? Promise.resolve(Response.json({})) : fetch(input, init);
    const json = await createClient({ baseUrl: url, fetch: hidden }).infer({
      model: 'model',
      inputs,
    });
    expect(json).toEqual(binary);
    expect(json.outputs['class']?.data).toEqual(BigInt64Array.of(first));
  });

  it.each([
    ['INT64', '9223372036854775808'],
    ['UINT64', '-1'],
    ['UINT64', '18446744073709551616'],
    ['INT64', '9.007199254740993e15'],
    ['INT64', '1.5'],
    ['INT64', 'null'],
    ['INT64', '"one"'],
    ['FP16', '1'],
  ])('refuses %s %s instead of changing it', async (datatype, element) => {
    const { client } = await answering(inferenceOf(datatype, element));
    const failed = client.infer({ model: 'm', inputs: {} });
    await expect(failed).rejects.toBeInstanceOf(InvalidResponseError);
    await expect(failed).rejects.toThrow('whose output "x" cannot be read: ');
  });

  it('leaves floats and texts of many digits as they are, and any name', async () => {
    const digits = '12345678901234567890';
    const floats = await answering(inferenceOf('FP64', `${digits}, 0.${digits}`, '__proto__'));
    const { outputs } = await floats.client.infer({ model: 'm', inputs: {} });
    expect(Object.entries(outputs)).toMatchObject([
      ['__proto__', { data: Float64Array.of(Number(digits), Number(`0.${digits}`)) }],
    ]);
    const texts = await answering(inferenceOf('BYTES', `"${digits}"`));
    const inference = await texts.client.infer({ model: 'm', inputs: {} });
    expect(inference.outputs['x']?.data).toEqual([digits]);
  });
});

describe('predict', () => {
  it.each([
    `{"prediction":[0,${first}]}`,
    `{"prediction":[0],"outputs":{"x":[[${2n ** 63n - 1n}]]}}`,
    '{"prediction":[1152921504606847000],"labels":["a"]}', // shortest as a float, and no float
  ])('refuses %s, since a number would be another', async (answer) => {
    const { client } = await answering(answer);
    const failed = client.predict({ inputs: [1] });
    await expect(failed).rejects.toBeInstanceOf(UnsafeIntegerError);
    await expect(failed).rejects.toThrow(
      /^The response has the integer \d+, which a JavaScript number cannot hold: .* infer gives 64-bit integers as bigint\.$/,
    );
  });

  it('gives integers that a number holds, and floats of any size', async () => {
    const exact = `{"prediction":[${2n ** 53n},${2n ** 60n},1e300]}`;
    const { client, requests } = await answering(exact);
    expect(await client.predict({ inputs: [1] })).toEqual({
      prediction: [2 ** 53, 2 ** 60, 1e300],
    });
    expect(requests).toHaveLength(1);
    const text = '{"prediction":[99999998430674940]}'; // 1e17 as a 32-bit float
    const floats = await answering(text, {
      ...{ name: 'm', version: '1', inputs: [] },
      outputs: [{ name: 'y', datatype: 'float32' }],
    });
    for (let i = 0; i < 2; i++)
      expect(await floats.client.predict({ inputs: [1] })).toEqual(JSON.parse(text));
    expect(floats.requests.map(({ url }) => url)).toEqual(['/predict', '/model', '/predict']);
  });

  it('refuses the class ids of a real server that it cannot hold', async () => {
    const { url } = await start({ MODEL_DIR: testModel('large-classes'), LOG_LEVEL: 'silent' });
    const { predict } = createClient({ baseUrl: url });
    await expect(predict({ inputs: [1] })).rejects.toMatchObject({ digits: String(first) });
    expect(await predict({ inputs: [2] })).toEqual({ prediction: [2 ** 53 + 2] });
  });
});

it('the clients of other servers refuse them too', async () => {
  const { url } = await answering(`{"predictions":[${first}]}`);
  const options = { baseUrl: url, model: 'm' };
  await expect(createTfServingClient(options).predict({ instances: [1] })).rejects.toBeInstanceOf(
    UnsafeIntegerError,
  );
  await expect(createTorchServeClient(options).predict(1)).rejects.toThrow(
    `The response has the integer ${first},`,
  );
});

it('any JSON keeps its values, and its integers their digits', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.bigInt(), fc.string(), (value, integer, text) => {
      const space = text.length % 3;
      const json = JSON.stringify({ value: [value, 'INTEGER', text] }, null, space);
      const withInteger = json.replace('"INTEGER"', String(integer));
      const isSafe = Number.isSafeInteger(Number(integer));
      const parsed = parseKeepingDigits(withInteger) as { value: unknown[] };
      expect(parsed.value[1]).toEqual(isSafe ? Number(integer) : String(integer));
      expect(parsed.value[2]).toBe(text);
      expect(roundedIntegers(withInteger).includes(String(integer))).toBe(
        BigInt(Number(integer)) !== integer,
      );
    }),
  );
});
