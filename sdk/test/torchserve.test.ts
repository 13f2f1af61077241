// TorchServe's inference API as its documentation shows it: https://pytorch.org/serve/inference_api.html
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  InvalidResponseError,
  NotFoundError,
  UnavailableError,
} from '../src/index.ts';
import { createTorchServeClient } from '../src/torchserve.ts';
import { faultyServer } from './faulty-server.ts';

/** A server that answers as documented; its handlers send JSON without saying so. */
async function serverOf(status: number, body: string) {
  return await faultyServer((_request, response) => response.writeHead(status).end(body));
}

describe('predict', () => {
  const answer = '{\n  "tabby": 0.4783327877521515,\n  "lynx": 0.20019774138927460\n}';

  it('sends bytes as they are', async () => {
    const { url, requests } = await serverOf(200, answer);
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'densenet161' });
    const scores = await predict(new TextEncoder().encode('a picture'));
    expect(scores).toEqual({ tabby: 0.4783327877521515, lynx: 0.2001977413892746 });
    expect(requests).toMatchObject([
      {
        url: '/predictions/densenet161',
        body: 'a picture',
        headers: { 'content-type': 'application/octet-stream' },
      },
    ]);
  });

  it('sends anything else as JSON', async () => {
    const { url, requests } = await serverOf(200, '[1]');
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'm' });
    expect(await predict({ data: [[5.1, 3.5]] })).toEqual([1]);
    expect(requests).toMatchObject([
      { body: '{"data":[[5.1,3.5]]}', headers: { 'content-type': 'application/json' } },
    ]);
  });

  it.each([
    [{ modelVersion: '1.0' }, '/predictions/m/1.0'],
    [{ version: 'torch' }, '/torch/predictions/m'],
    [{ model: 'a/b' }, '/predictions/a%2Fb'],
  ])('with %o asks %s', async (options, path) => {
    const { url, requests } = await serverOf(200, '{}');
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'm', ...options });
    await predict({}, { headers: { Authorization: 'Bearer t' }, requestId: 'r-1' });
    expect(requests[0]?.url).toBe(path);
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer t',
      'x-request-id': 'r-1',
    });
  });

  it('tries again what may pass, with the same bytes', async () => {
    const { url, requests } = await faultyServer((_request, response, call) =>
      response
        .writeHead(call === 1 ? 503 : 200)
        .end(call === 1 ? '{"code": 503, "type": "ServiceUnavailableException"}' : '[2]'),
    );
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'm' });
    expect(await predict(Uint8Array.of(65, 66))).toEqual([2]);
    expect(requests.map(({ body }) => body)).toEqual(['AB', 'AB']);
  });
});

describe('errors', () => {
  it('are thrown as their class, with what the server said', async () => {
    const { url } = await serverOf(
      404,
      '{\n  "code": 404,\n  "type": "ModelNotFoundException",\n  "message": "Model not found: rose"\n}',
    );
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'rose' });
    await expect(predict({})).rejects.toMatchObject({
      constructor: NotFoundError,
      type: 'ModelNotFoundException',
      detail: 'Model not found: rose',
    });
  });

  it('of a handler are those of the server', async () => {
    const { url } = await serverOf(
      503,
      '{\n  "code": 503,\n  "type": "InternalServerException",\n  "message": "Prediction failed"\n}',
    );
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'm', retries: 0 });
    await expect(predict({})).rejects.toBeInstanceOf(UnavailableError);
  });

  it('an answer that is not JSON is told', async () => {
    const { url } = await serverOf(200, 'tabby cat');
    const { predict } = createTorchServeClient({ baseUrl: url, model: 'm' });
    await expect(predict({})).rejects.toBeInstanceOf(InvalidResponseError);
  });

  it('of options are thrown at once', () => {
    expect(() => createTorchServeClient({ model: '' })).toThrow(ConfigurationError);
  });
});

describe('isReady', () => {
  it.each([
    [200, '{\n  "status": "Healthy"\n}', true],
    [200, '{\n  "status": "Partial Healthy"\n}', false],
    [500, '{\n  "status": "Unhealthy"\n}', false],
  ])('%d with %s: %s', async (status, body, ready) => {
    const { url, requests } = await serverOf(status, body);
    const client = createTorchServeClient({ baseUrl: url, model: 'm' });
    expect(await client.isReady()).toBe(ready);
    expect(requests.map((request) => request.url)).toEqual(['/ping']);
  });
});
