// TensorFlow Serving's REST API as its documentation shows it: https://www.tensorflow.org/tfx/serving/api_rest
import { describe, expect, it } from 'vitest';
import { BadRequestError, ConfigurationError, NotFoundError } from '../src/index.ts';
import { bytes, createTfServingClient, type TfServingOptions } from '../src/tfserving.ts';
import { type Behaviour, faultyServer, json } from './faulty-server.ts';

/** A server that answers as documented, in its own words and layout. */
async function serverOf(status: number, body: string) {
  return await faultyServer((_request, response) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body),
  );
}

describe('predict', () => {
  it('row by row', async () => {
    const { url, requests } = await serverOf(200, '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}');
    const { predict } = createTfServingClient({ baseUrl: url, model: 'half_plus_two' });
    const { predictions } = await predict({ instances: [1.0, 2.0, 5.0] });
    expect(predictions).toEqual([2.5, 3, 4.5]);
    expect(requests).toMatchObject([
      { url: '/v1/models/half_plus_two:predict', body: '{"instances":[1,2,5]}' },
    ]);
    expect(requests[0]?.headers['content-type']).toBe('application/json');
  });

  it('row by row with named inputs and bytes', async () => {
    const { url, requests } = await serverOf(200, '{"predictions": [{"b64": "aGVsbG8="}]}');
    const { predict } = createTfServingClient({ baseUrl: url, model: 'm' });
    const image = bytes(new TextEncoder().encode('image bytes'));
    await predict({ instances: [{ image, caption: 'seaside' }], signatureName: 'classify' });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      signature_name: 'classify',
      instances: [{ image: { b64: 'aW1hZ2UgYnl0ZXM=' }, caption: 'seaside' }],
    });
  });

  it('column by column', async () => {
    const { url, requests } = await serverOf(200, '{"outputs": {"a": [[1, 2]], "b": ["x"]}}');
    const { predict } = createTfServingClient({ baseUrl: url, model: 'm' });
    const inputs = {
      tag: ['foo', 'bar'],
      signal: [
        [1, 2],
        [3, 4],
      ],
    };
    const { outputs } = await predict({ inputs });
    expect(outputs).toEqual({ a: [[1, 2]], b: ['x'] });
    expect(requests[0]?.body).toBe(JSON.stringify({ inputs }));
  });

  it.each([
    [{ modelVersion: 3 }, '/v1/models/m/versions/3:predict'],
    [{ modelLabel: 'canary' }, '/v1/models/m/labels/canary:predict'],
    [{ version: 'tf' }, '/tf/v1/models/m:predict'],
    [{ model: 'a b' }, '/v1/models/a%20b:predict'],
  ])('with %o asks %s', async (options, path) => {
    const { url, requests } = await serverOf(200, '{"predictions": []}');
    const { predict } = createTfServingClient({ baseUrl: url, model: 'm', ...options });
    await predict({ instances: [] });
    expect(requests[0]?.url).toBe(path);
  });
});

describe('errors', () => {
  it.each([
    [
      404,
      NotFoundError,
      'Servable not found for request: Latest(m)',
      '{ "error": "Servable not found for request: Latest(m)" }',
    ],
    [
      400,
      BadRequestError,
      "Missing 'inputs' or 'instances' key",
      '{ "error": "Missing \'inputs\' or \'instances\' key" }',
    ],
  ])('%d is thrown as its class, with what the server said', async (status, Class, said, body) => {
    const { url, requests } = await serverOf(status, body);
    const { predict } = createTfServingClient({ baseUrl: url, model: 'm' });
    const failed = predict({ instances: [1] });
    await expect(failed).rejects.toBeInstanceOf(Class);
    await expect(failed).rejects.toThrow(said);
    expect(requests).toHaveLength(1);
  });

  it('that pass are tried again, with the same body', async () => {
    const behave: Behaviour = (_request, response, call) =>
      call === 1
        ? json(response, 503, { error: 'overloaded' })
        : json(response, 200, { predictions: [1] });
    const { url, requests } = await faultyServer(behave);
    const { predict } = createTfServingClient({ baseUrl: url, model: 'm' });
    expect(await predict({ instances: [7] })).toEqual({ predictions: [1] });
    expect(requests.map(({ body }) => body)).toEqual(Array(2).fill('{"instances":[7]}'));
  });

  it.each([
    [{ model: '' }, 'model: expected a model\'s name, got "".'],
    [{ model: 'm', modelVersion: 1, modelLabel: 'a' }, 'modelLabel: set either it or modelVersion'],
    [
      { model: 'm', modelVersion: 1.5 },
      'modelVersion: expected a whole number, 0 or more, got 1.5',
    ],
    [{ model: 'm', timeout: 0 }, 'timeout: expected milliseconds'],
  ] satisfies [TfServingOptions, string][])(
    'of options are thrown at once: %o',
    (options, said) => {
      expect(() => createTfServingClient(options)).toThrow(ConfigurationError);
      expect(() => createTfServingClient(options)).toThrow(said);
    },
  );
});

describe('status', () => {
  const statusOf = (state: string) => `{
 "model_version_status": [
  {
   "version": "123",
   "state": "${state}",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}`;

  it.each([
    ['AVAILABLE', true],
    ['LOADING', false],
  ])('a model whose version is %s is ready: %s', async (state, ready) => {
    const { url, requests } = await serverOf(200, statusOf(state));
    const client = createTfServingClient({ baseUrl: url, model: 'half_plus_three' });
    expect(await client.isReady()).toBe(ready);
    expect(await client.getStatus()).toEqual([
      { version: '123', state, status: { error_code: 'OK', error_message: '' } },
    ]);
    expect(requests[0]?.url).toBe('/v1/models/half_plus_three');
  });
});
