// A model that cannot be loaded, for want of memory or because its file is not whole: a sentence, and an exit that is not 0.
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exitOf, launch } from '../program.ts';
import { testModel } from '../start.ts';
import { copyOfModel, folder, irisV1, irisV2, logged, serve, setosa } from './victim.ts';

describe('a model that cannot be loaded ends the start with 3 and a sentence', () => {
  const broken = (harm: (file: string) => void) => {
    const directory = copyOfModel(irisV1);
    harm(path.join(directory, 'model.onnx'));
    return { MODEL_DIR: directory };
  };
  it.each(['inline', 'workers'])('a truncated file (%s)', async (ENGINE) => {
    const env = broken((file) => truncateSync(file, 5000));
    const { ended, err } = await serve({ ...env, ENGINE }, { unready: true });
    expect(await ended).toBe(3);
    expect(err.text).toMatch(
      /^\S+model\.onnx cannot be loaded as an ONNX model: it is cut short, or of another format; expected .*\n$/,
    );
  });

  it.each([
    ['empty', '', /it is empty; expected an ONNX file, as .* Copy or download it again\.\n$/],
    ['a page', '<!DOCTYPE html>\n<html>', /it is text; expected an ONNX file, .*\n$/],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\n', /: git lfs pull\.\n$/],
    // A field of the number 1, and no graph.
    ['a message without a graph', '\x08\x08', /it is cut short, or of another format; .*\n$/],
  ])('a file that is %s', async (_what, content, said) => {
    for (const ENGINE of ['inline', 'workers']) {
      const env = broken((file) => writeFileSync(file, content));
      const { ended, err } = await serve({ ...env, ENGINE }, { unready: true });
      expect(await ended).toBe(3);
      expect(err.text).toMatch(/^\S+model\.onnx cannot be loaded as an ONNX model: /);
      expect(err.text).toMatch(said);
      expect(err.text).not.toMatch(/onnxruntime|Protobuf/i);
    }
  });

  it.each(['inline', 'workers', 'auto'])(
    'a folder in the place of the file (%s)',
    async (ENGINE) => {
      const { ended, err } = await serve({ ...broken(folderInstead), ENGINE }, { unready: true });
      expect(await ended).toBe(3);
      expect(err.text).toMatch(/model\.onnx cannot be loaded as an ONNX model: .*\n$/);
    },
  );

  it('less heap than a worker thread needs', async () => {
    const { ended, err } = await serve(
      { ENGINE: 'workers', WORKERS: '2', SABOTAGE_AT_START: 'fill-heap-of-thread' },
      { unready: true, node: ['--max-old-space-size=150'] },
    );
    expect(await ended).toBe(3);
    expect(err.text).toContain('could not be loaded: a worker thread ran out of heap memory. Give');
    expect(err.text).not.toMatch(/^ +at /m);
  });
});

it('a run for which there is not enough memory fails with 500, and the server goes on', async () => {
  for (const ENGINE of ['inline', 'workers']) {
    const victim = await serve({ MODEL_DIR: testModel('too-large'), ENGINE, WORKERS: '2' });
    for (let i = 0; i < 3; i++)
      expect(await victim.predict([1])).toMatchObject({
        status: 500,
        body: { type: 'urn:ml-api:problem:model-failure' },
      });
    expect((await victim.get('/livez')).status).toBe(200);
  }
});

describe('files that change while they are served', () => {
  it.each([
    [
      'replaced by another model',
      (file: string) => rename(path.join(copyOfModel(irisV2), 'model.onnx'), file),
    ],
    ['truncated', async (file: string) => truncateSync(file, 100)],
    ['deleted', (file: string) => rm(file)],
  ])('the model inline, %s: what was loaded is served on', async (_how, change) => {
    const directory = copyOfModel(irisV1);
    const victim = await serve({ MODEL_DIR: directory });
    await change(path.join(directory, 'model.onnx'));
    expect(await victim.predict(setosa)).toEqual({ status: 200, body: { prediction: [0] } });
    expect((await victim.get('/livez')).status).toBe(200);
  });

  it('the API keys, gone: those read before stay valid, and the log says so', async () => {
    const file = path.join(folder(), 'keys');
    writeFileSync(file, 'first-key\n');
    const victim = await serve({ API_KEYS_FILE: file });
    await rm(file);
    await logged(victim, {
      msg: 'the API keys cannot be read again; those read before stay valid',
    });
    const ask = (key: string) =>
      fetch(`${victim.url}/model`, { headers: { 'X-API-Key': key } }).then(({ status }) => status);
    expect([await ask('first-key'), await ask('another')]).toEqual([200, 401]);
    writeFileSync(file, 'another\n');
    await expect.poll(() => ask('another'), { timeout: 60_000 }).toBe(200);
    expect(await ask('first-key')).toBe(401);
    expect(victim.out.text).not.toMatch(/first-key|another/);
  });
});

it('SIGTERM ends fetch-model, as PID 1 of an init container too', async () => {
  const stalled = createServer(() => {}).listen(0, '127.0.0.1');
  onTestFinished(() => void stalled.close().closeAllConnections());
  await new Promise((done) => stalled.once('listening', done));
  const address = stalled.address();
  const asked = new Promise((done) => stalled.once('request', done));
  const child = launch(['fetch-model'], {
    MODEL_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/model.onnx`,
    MODEL_SHA256: '0'.repeat(64),
    MODEL_DIR: folder(),
  });
  await asked;
  child.kill('SIGTERM');
  expect(await exitOf(child)).toBe(143);
});

function folderInstead(file: string): void {
  rmSync(file);
  mkdirSync(file);
}
