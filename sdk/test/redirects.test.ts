// Redirects: none is followed, so no header and no body goes anywhere but to the server that was named.
import { describe, expect, it } from 'vitest';
import { openSide } from '../src/cli/compare/side.ts';
import { fetchContract } from '../src/cli/contract.ts';
import { createClient, InvalidResponseError } from '../src/index.ts';
import { createTfServingClient } from '../src/tfserving.ts';
import { createTorchServeClient } from '../src/torchserve.ts';
import { faultyServer, json } from './faulty-server.ts';

/** A server that redirects everything to another one, which would answer anything. */
async function redirecting(status = 307, location = '/steal?token=secret#secret') {
  const thief = await faultyServer((_req, res) =>
    json(res, 200, { prediction: [666], predictions: [666], status: 'Healthy', outputs: [] }),
  );
  const target = location.startsWith('/') ? thief.url + location : location;
  const server = await faultyServer((_req, res) =>
    res.writeHead(status, target === '' ? {} : { Location: target }).end('moved'),
  );
  return { url: server.url, requests: server.requests, thief };
}

const secrets = { apiKey: 'KEY', headers: { 'X-Secret': 'S' } };
const x = { data: Float32Array.of(1) };
const calls: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  predict: (baseUrl) => createClient({ baseUrl, ...secrets }).predict({ inputs: [1] }),
  infer: (baseUrl) => createClient({ baseUrl, ...secrets }).infer({ model: 'm', inputs: { x } }),
  getModel: (baseUrl) => createClient({ baseUrl, ...secrets }).getModel(),
  getContract: (baseUrl) => createClient({ baseUrl, ...secrets }).getContract(),
  'predict of TensorFlow Serving': (baseUrl) =>
    createTfServingClient({ baseUrl, model: 'm', ...secrets }).predict({ instances: [1] }),
  'isReady of TensorFlow Serving': (baseUrl) =>
    createTfServingClient({ baseUrl, model: 'm', ...secrets }).isReady(),
  'predict of TorchServe': (baseUrl) =>
    createTorchServeClient({ baseUrl, model: 'm', ...secrets }).predict(1),
  'isReady of TorchServe': (baseUrl) =>
    createTorchServeClient({ baseUrl, model: 'm', ...secrets }).isReady(),
};

describe('of another origin', () => {
  it.each(Object.entries(calls))('%s tells, and sends nothing there', async (_name, call) => {
    const { url, requests, thief } = await redirecting();
    const error = await call(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect(error).toMatchObject({
      status: 307,
      message: expect.stringMatching(
        new RegExp(`^${url}/\\S* answered 307, a redirect to ${thief.url}/steal, which is not`),
      ),
    });
    expect(String(error)).not.toContain('secret');
    expect(requests).toHaveLength(1);
    expect(thief.requests).toEqual([]);
  });

  it('a server that redirects its readiness probe is not ready', async () => {
    const { url, thief } = await redirecting();
    expect(await createClient({ baseUrl: url, ...secrets }).isReady()).toBe(false);
    expect(thief.requests).toEqual([]);
  });

  it.each([
    ['generate', (url: string) => fetchContract(url)],
    ['compare', (url: string) => openSide('--champion', url, 'KEY')],
  ])('ml-sdk %s tells where to', async (_name, command) => {
    const { url, thief } = await redirecting(301);
    await expect(command(url)).rejects.toMatchObject({
      name: 'CliError',
      message: expect.stringContaining(` answered 301, a redirect to ${thief.url}/steal, which`),
    });
    expect(thief.requests).toEqual([]);
  });
});

it.each([
  ['another server', 301, '/steal', 'a redirect to '],
  [
    'an address with secrets',
    302,
    'http://me:secret@127.0.0.1:9/a?secret',
    'a redirect to http://127.0.0.1:9/a, which',
  ],
  [
    'no server at all',
    303,
    'data:application/json,{"prediction":[1]}',
    'a redirect to data:, which',
  ],
  [
    'a long address',
    308,
    `http://127.0.0.1:9/${'a'.repeat(9_000)}`,
    `a redirect to http://127.0.0.1:9/aaaa`,
  ],
  ['no address', 307, 'http://[', 'a redirect, which'],
  ['nowhere', 307, '', 'a redirect, which'],
])('to %s, with status %i, is an error of one line', async (_name, status, location, words) => {
  const { url, thief } = await redirecting(status, location);
  const failed = createClient({ baseUrl: url }).predict({ inputs: [1] });
  await expect(failed).rejects.toBeInstanceOf(InvalidResponseError);
  await expect(failed).rejects.toMatchObject({
    message: expect.stringMatching(/^[^\n]{1,600}$/),
  });
  await expect(failed).rejects.toThrow(`${url}/predict answered ${status}, ${words}`);
  await expect(failed).rejects.not.toThrow('secret');
  expect(thief.requests).toEqual([]);
});

it('of the same origin are not followed either, once or in circles', async () => {
  const { url, requests } = await faultyServer((req, res) =>
    req.url === '/predict'
      ? res.writeHead(307, { Location: '/other/predict' }).end()
      : json(res, 200, { prediction: [1] }),
  );
  await expect(createClient({ baseUrl: url }).predict({ inputs: [1] })).rejects.toThrow(
    `${url}/predict answered 307, a redirect to ${url}/other/predict, which is not followed`,
  );
  expect(requests).toHaveLength(1);
});

it('what a browser shows of a redirect, nothing, is told as one', async () => {
  // Response.error() has the status of an opaque redirect, 0; its type is the browser's to set.
  const opaque = Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' });
  const client = createClient({ baseUrl: 'http://ml.test', fetch: async () => opaque });
  await expect(client.predict({ inputs: [1] })).rejects.toThrow(
    'http://ml.test/predict answered with a redirect, which is not followed: ',
  );
});
