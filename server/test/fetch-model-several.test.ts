// `fetch-model` of archives with several models, for MODELS_DIR.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archive, folder, iris, serveFile, sum } from './file-server.ts';
import { run } from './program.ts';
import { start } from './start.ts';

/** What `tar` makes of folders with the model iris at these places. */
function archiveOf(...places: readonly string[]): Buffer {
  const root = folder();
  for (const place of places) cpSync(iris, path.join(root, place), { recursive: true });
  return archive('-C', root, '.');
}

/** Fetches it into a directory, an empty one where none is given. */
async function fetchModels(data: Buffer, directory = folder()) {
  const { url, calls } = await serveFile((_req, res) => res.end(data));
  const settings = { MODEL_URL: `${url}/m.tgz`, MODEL_SHA256: sum(data), MODELS_DIR: directory };
  return { ...(await run(['fetch-model'], settings)), directory, url, calls };
}

const modelsIn = (directory: string) =>
  readdirSync(directory, { recursive: true })
    .filter((file) => path.basename(String(file)) === 'model.onnx')
    .sort();

describe('is unpacked into a folder for each model', () => {
  it.each([
    ['beside each other', ['iris', 'flowers/1', 'flowers/2']],
    ['in a folder', ['models/iris', 'models/flowers/1', 'models/flowers/2']],
    ['deep in others', ['a/b/iris', 'a/b/flowers/1', 'a/b/flowers/2']],
  ])('%s', async (_name, places) => {
    const { code, stdout, stderr, directory, url } = await fetchModels(archiveOf(...places));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${directory} holds the models from ${url}/m.tgz, SHA-256 `);
    expect(modelsIn(directory)).toEqual([
      'flowers/1/model.onnx',
      'flowers/2/model.onnx',
      'iris/model.onnx',
    ]);
    const { http } = await start({
      MODELS_DIR: directory,
      DEFAULT_MODEL: 'iris',
      LOG_LEVEL: 'silent',
    });
    const row = { inputs: [5.1, 3.5, 1.4, 0.2] };
    for (const place of ['', '/models/iris', '/models/flowers/versions/1'])
      await http.post(`${place}/predict`).send(row).expect(200);
  });

  it.each([
    ['one of them', ['models/iris'], ['iris/model.onnx']],
    ['one in two versions', ['iris/1', 'iris/2'], ['iris/1/model.onnx', 'iris/2/model.onnx']],
    ['names that are numbers', ['1', '2'], ['1/model.onnx', '2/model.onnx']],
  ])('%s', async (_name, places, expected) => {
    const { code, stderr, directory } = await fetchModels(archiveOf(...places));
    expect([code, stderr]).toEqual([0, '']);
    expect(modelsIn(directory)).toEqual(expected);
  });
});

it('takes the place of those before, and what was there by hand is put aside or stays', async () => {
  const directory = folder();
  mkdirSync(path.join(directory, 'iris'));
  writeFileSync(path.join(directory, 'iris/golden.json'), 'of another model');
  mkdirSync(path.join(directory, 'mine'));
  writeFileSync(path.join(directory, 'mine/model.onnx'), 'mine');
  const bare = folder();
  for (const name of ['iris', 'old']) {
    mkdirSync(path.join(bare, name));
    cpSync(path.join(iris, 'model.onnx'), path.join(bare, name, 'model.onnx'));
  }
  const first = await fetchModels(archive('-C', bare, '.'), directory);
  expect(first.stdout).toContain('iris/golden.json did not come with this model');
  expect(readdirSync(path.join(directory, 'iris')).sort()).toEqual([
    'golden.json.old',
    'model.onnx',
  ]);
  const data = archiveOf('iris', 'new');
  await fetchModels(data, directory);
  expect(modelsIn(directory)).toEqual(['iris/model.onnx', 'mine/model.onnx', 'new/model.onnx']);
  expect(readFileSync(path.join(directory, 'mine/model.onnx'), 'utf8')).toBe('mine');
  const again = await fetchModels(data, directory);
  expect([again.code, again.calls()]).toEqual([0, 0]);
});

describe('is refused, and nothing is changed', () => {
  it.each([
    ['without a model', [], 'holds no model.onnx; expected a folder for each model'],
    ['that is a model itself', ['.'], 'holds models that are not in one folder; expected'],
    ['with models in two places', ['a', 'b/c'], 'holds models that are not in one folder'],
  ])('%s', async (_name, places, said) => {
    const { code, stderr, directory, url } = await fetchModels(archiveOf(...places));
    expect(stderr).toContain(`The archive at ${url}/m.tgz ${said}`);
    expect(code).toBe(3);
    expect(modelsIn(directory)).toEqual([]);
  });

  it('where it is for one model', async () => {
    const data = archiveOf('a', 'b');
    const { url } = await serveFile((_req, res) => res.end(data));
    const env = { MODEL_URL: `${url}/m.tgz`, MODEL_SHA256: sum(data), MODEL_DIR: folder() };
    const { code, stderr } = await run(['fetch-model'], env);
    expect(stderr).toMatch(/holds more than one model\.onnx; expected exactly one/);
    expect(code).toBe(3);
  });
});

it.each([
  [{ MODEL_DIR: '/a', MODELS_DIR: '/b' }, /^MODEL_DIR and MODELS_DIR are both set; expected/],
  [{}, /^Bad setting:\n {2}--dir \(or MODEL_DIR\) is missing/],
  [
    { MODELS_DIR: '/a', MODEL_URL: 'http://h/m.onnx' },
    /^MODEL_URL: expected a path that ends in \.tar, \.tar\.gz or \.tgz for MODELS_DIR, got/,
  ],
])('refuses settings that contradict each other: %j', async (env, message) => {
  const { code, stderr } = await run(['fetch-model'], {
    MODEL_URL: 'http://h/m.tgz',
    MODEL_SHA256: '0'.repeat(64),
    ...env,
  });
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
