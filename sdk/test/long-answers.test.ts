// Answers that are a success and have no end: they are read to a limit, told in a sentence, and the connection is closed.
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fetchContract } from '../src/cli/contract.ts';
import { query } from '../src/cli/report/prometheus.ts';
import { createClient, InvalidResponseError, type MlApiOptions } from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';
import { createTfServingClient } from '../src/tfserving.ts';
import { createTorchServeClient } from '../src/torchserve.ts';
import { faultyServer } from './faulty-server.ts';

/** A server whose answers never end, and how much of them it could send. */
async function endless(type = 'application/json') {
  const seen = { sent: 0, closed: 0 };
  const chunk = '['.repeat(64 * 1024);
  const { url, requests } = await faultyServer(async (_req, res) => {
    let isOpen = true;
    let goOn = () => {};
    res.on('drain', () => goOn());
    res.once('close', () => {
      isOpen = false;
      seen.closed++;
      goOn();
    });
    res.writeHead(200, { 'Content-Type': type, 'Inference-Header-Content-Length': '4' });
    while (isOpen) {
      seen.sent += chunk.length;
      if (!res.write(chunk))
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      await setImmediate();
    }
  });
  return { url, requests, seen };
}

const limit = { maxResponseBytes: 1_000_000, timeout: 5_000 };
const calls: Readonly<Record<string, (baseUrl: string) => Promise<unknown>>> = {
  predict: (baseUrl) => createClient({ baseUrl, ...limit }).predict({ inputs: [1] }),
  infer: (baseUrl) => createClient({ baseUrl, ...limit }).infer({ model: 'm', inputs: {} }),
  getModel: (baseUrl) => createClient({ baseUrl, ...limit }).getModel(),
  'TensorFlow Serving': (baseUrl) =>
    createTfServingClient({ baseUrl, model: 'm', ...limit }).predict({ instances: [1] }),
  TorchServe: (baseUrl) => createTorchServeClient({ baseUrl, model: 'm', ...limit }).predict(1),
};

describe.each(['application/json', 'application/octet-stream'])('of %s without end', (type) => {
  it.each(Object.entries(calls))('%s reads no more than the limit', async (_name, call) => {
    const { url, requests, seen } = await endless(type);
    const error = await call(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect(String(error)).toContain(
      ` answered 200 with ${type}, of more than 1000000 bytes. If that is right, raise the option maxResponseBytes.`,
    );
    expect(requests).toHaveLength(1); // once more would be the same
    await expect.poll(() => seen.closed).toBe(1);
    expect(seen.sent).toBeLessThan(50_000_000); // what sockets and streams hold on their way
  });
});

it.each([
  ['generate', (url: string) => fetchContract(url)],
  ['report', (url: string) => query(url, 'up')],
])(
  'ml-sdk %s says that it is too long',
  async (_name, command) => {
    const { url, seen } = await endless();
    await expect(command(url)).rejects.toMatchObject({
      name: 'CliError',
      message: expect.stringContaining(' answered more than 67108864 bytes'),
    });
    await expect.poll(() => seen.closed).toBe(1);
  },
  30_000,
);

it('bytes are counted as they are once decompressed, and as many as the limit are taken', async () => {
  const body = `{"prediction":[1${' '.repeat(1_000)}]}`;
  const { url } = await faultyServer((_req, res) =>
    res
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      .end(gzipSync(body)),
  );
  const predict = (maxResponseBytes: number) =>
    createClient({ baseUrl: url, maxResponseBytes }).predict({ inputs: [1] });
  expect(await predict(body.length)).toEqual({ prediction: [1] });
  await expect(predict(body.length - 1)).rejects.toBeInstanceOf(InvalidResponseError);
});

it('a fetch without streams has the same limit', async () => {
  const body = '{"prediction":[1]}';
  const fetch = async () => Object.defineProperty(new Response(body), 'body', { value: null });
  const predict = (options: MlApiOptions) =>
    createClient({ baseUrl: 'http://ml.test', fetch, ...options }).predict({ inputs: [1] });
  expect(await predict({})).toEqual({ prediction: [1] });
  await expect(predict({ maxResponseBytes: 17 })).rejects.toThrow('of more than 17 bytes');
});

it('the limit is 256 MiB unless told otherwise, and a whole number', () => {
  expect(resolveOptions({}).maxResponseBytes).toBe(256 * 1024 * 1024);
  for (const maxResponseBytes of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => createClient({ maxResponseBytes })).toThrow(
      `maxResponseBytes: expected a whole number, 1 or more, got ${maxResponseBytes}.`,
    );
});
