// The SDK against the real predictor.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClient, InvalidInputError } from '../../sdk/src/index.ts';
import { start } from '../../server/test/start.ts';

const root = path.resolve(import.meta.dirname, '../..');
const modelDirectory = (version: string) => path.join(root, 'model', version);

describe.each(['v1', 'v2'])('iris %s', (version) => {
  it('gives all 150 golden predictions, one by one and as a batch', async () => {
    const golden = JSON.parse(
      readFileSync(path.join(modelDirectory(version), 'golden.json'), 'utf8'),
    );
    const { url } = await start({
      MODEL_DIR: modelDirectory(version),
      BASE_PATH: `/${version}`,
      LOG_LEVEL: 'silent',
    });
    const { predict } = createClient({ baseUrl: url, version });
    const alone = await Promise.all(
      golden.inputs.map((row: number[]) => predict({ inputs: row, labels: true })),
    );
    expect(alone.map(({ prediction }) => prediction[0])).toEqual(golden.prediction);
    expect(alone.map(({ labels }) => labels?.[0])).toEqual(golden.labels);
    expect(await predict({ inputs: golden.inputs })).toEqual({ prediction: golden.prediction });
  });
});

it('tells where an input is wrong', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const { predict } = createClient({ baseUrl: url });
  const error = await predict({ inputs: [5.1, 3.5, 1.4] }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({
    errors: [{ pointer: '/inputs', detail: expect.stringContaining('got 3') }],
  });
});

it('reads the model, the contract and the readiness', async () => {
  const { url, stop } = await start({ LOG_LEVEL: 'silent' });
  const client = createClient({ baseUrl: url });
  expect(await client.getModel()).toMatchObject({
    name: 'iris',
    version: 'v1',
    task: 'classification',
  });
  expect(await client.getContract()).toMatchObject({
    openapi: '3.1.1',
    info: { title: 'iris v1' },
  });
  expect(await client.isReady()).toBe(true);
  await stop();
  expect(await client.isReady()).toBe(false);
});

describe('two versions that share the traffic', () => {
  /** v1, which gives half of the users to v2. @returns its URL */
  async function split(): Promise<string> {
    const v2 = await start({
      MODEL_DIR: modelDirectory('v2'),
      BASE_PATH: '/v2',
      LOG_LEVEL: 'silent',
    });
    const v1 = await start({ SPLIT: `v1=1,v2=1@${v2.url}/v2`, LOG_LEVEL: 'silent' });
    return v1.url;
  }
  const inputs = [5.1, 3.5, 1.4, 0.2];

  it('keep a user at one of them, and tell which answers', async () => {
    const versions: (string | undefined)[] = [];
    const { predict } = createClient({
      baseUrl: await split(),
      onResponse: ({ version }) => versions.push(version),
      onContractChange: () => {},
    });
    for (let user = 0; user < 10; user++)
      for (let i = 0; i < 3; i++) await predict({ inputs }, { user: `user-${user}` });
    expect(new Set(versions)).toEqual(new Set(['v1', 'v2']));
    for (let user = 0; user < 10; user++)
      expect(new Set(versions.slice(3 * user, 3 * user + 3)).size).toBe(1);
  });

  it('keep the user of a client, and are pinned by one', async () => {
    const baseUrl = await split();
    const seen: (string | undefined)[] = [];
    const onResponse = ({ version }: { version: string | undefined }) => seen.push(version);
    const user = createClient({ baseUrl, user: 'somebody', onResponse });
    for (let i = 0; i < 5; i++) await user.predict({ inputs });
    expect(new Set(seen).size).toBe(1);
    for (const pinnedVersion of ['v1', 'v2']) {
      seen.length = 0;
      const tester = createClient({ baseUrl, pinnedVersion, onResponse });
      for (let i = 0; i < 5; i++) await tester.predict({ inputs });
      expect(seen).toEqual(Array(5).fill(pinnedVersion));
    }
  });

  it('tell of failures, too', async () => {
    const origins: unknown[] = [];
    const { predict } = createClient({
      baseUrl: await split(),
      pinnedVersion: 'v2',
      onResponse: (origin) => origins.push(origin),
    });
    await expect(predict({ inputs: [1] }, { requestId: 'r-1' })).rejects.toThrow(InvalidInputError);
    expect(origins).toEqual([
      {
        status: 422,
        model: 'iris',
        version: 'v2',
        contractHash: expect.any(String),
        requestId: 'r-1',
      },
    ]);
  });
});
