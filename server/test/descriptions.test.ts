// model.defaults.json: what a registry says of a model counts for what model.json leaves out, as far as the ONNX file allows.
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folder, iris } from './file-server.ts';
import { start } from './start.ts';

/** A directory with the iris model, and what is said of it. */
function directoryWith(files: Readonly<Record<string, object>>): string {
  const directory = folder();
  cpSync(path.join(iris, 'model.onnx'), path.join(directory, 'model.onnx'));
  for (const [name, content] of Object.entries(files))
    writeFileSync(path.join(directory, name), JSON.stringify(content));
  return directory;
}

async function served(files: Readonly<Record<string, object>>) {
  const { url } = await start({ MODEL_DIR: directoryWith(files), LOG_LEVEL: 'silent' });
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"inputs":[5.1,3.5,1.4,0.2],"labels":true}',
  });
  return {
    name: response.headers.get('ml-model-name'),
    version: response.headers.get('ml-model-version'),
    labels: Reflect.get(Object(await response.json()), 'labels'),
  };
}

const labels = ['a', 'b', 'c'];

it('what model.json leaves out is said by model.defaults.json', async () => {
  expect(
    await served({
      'model.json': { name: 'own' },
      'model.defaults.json': { name: 'theirs', version: '7', labels },
    }),
  ).toEqual({ name: 'own', version: '7', labels: ['a'] });
});

it('what contradicts the ONNX file is left aside, the rest counts', async () => {
  expect(
    await served({
      'model.defaults.json': { name: 'theirs', version: '7', labels, features: [{ name: 'one' }] },
    }),
  ).toEqual({ name: 'theirs', version: '7', labels: ['0'] });
});

it('a contradiction of model.json stops the start, whatever the defaults say', async () => {
  const files = {
    'model.json': { features: [{ name: 'one' }] },
    'model.defaults.json': { labels },
  };
  await expect(served(files)).rejects.toThrow('"features" says 1 feature, but the model takes 4');
});
