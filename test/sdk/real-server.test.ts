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
