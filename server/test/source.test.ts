// Where a model came from, as those who serve it tell: GET /model and ml_api_model_info.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archive, folder, iris, model, serveFile, sum } from './file-server.ts';
import { run } from './program.ts';
import { type Running, start } from './start.ts';

const LOCK = 'model.lock.json';
const v2 = readFileSync(new URL('../../model/v2/model.onnx', import.meta.url));

/** A directory with what was fetched from there. */
async function fetched(uri: string, directory = folder(), variable = 'MODEL_DIR'): Promise<string> {
  const { code, stderr } = await run(['fetch', uri], { [variable]: directory });
  expect([code, stderr]).toEqual([0, '']);
  return directory;
}

async function told({ http }: Running, of = ''): Promise<unknown> {
  const { body } = await http.get(`${of}/model`).expect(200);
  return body.source;
}

/** The label of each model. */
async function labels({ http }: Running): Promise<string[]> {
  const { text } = await http.get('/metrics').expect(200);
  return [...text.matchAll(/^ml_api_model_info\{.*source_sha256="([^"]*)"/gm)].map(
    ([, sha]) => sha ?? '',
  );
}

describe('a model that was fetched', () => {
  it.each([
    ['a file', 'iris.onnx', model],
    ['an archive', 'iris.tgz', archive('-C', path.dirname(iris), 'v1')],
  ])('is served with where it came from: %s', async (_what, name, data) => {
    const { url } = await serveFile((_req, res) => res.end(data));
    const directory = await fetched(`${url}/${name}?sig=secret`);
    const server = await start({ MODEL_DIR: directory, LOG_LEVEL: 'silent' });
    const place = `${url}/${name}?…`;
    expect(await told(server)).toEqual({
      uri: place,
      resolved: place,
      sha256: sum(model),
      fetchedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(await labels(server)).toEqual([sum(model).slice(0, 12)]);
  });

  it('is so as one of several, too', async () => {
    const source = folder();
    for (const place of ['iris', 'flowers/1', 'flowers/2'])
      cpSync(iris, path.join(source, 'all', place), { recursive: true });
    writeFileSync(path.join(source, 'all/flowers/2/model.onnx'), v2);
    const { url } = await serveFile((_req, res) => res.end(archive('-C', source, 'all')));
    const directory = await fetched(`${url}/all.tgz`, undefined, 'MODELS_DIR');
    const env = { MODELS_DIR: directory, DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent' };
    const server = await start(env);
    expect(await told(server)).toMatchObject({ uri: `${url}/all.tgz`, sha256: sum(model) });
    expect(await told(server, '/models/flowers')).toMatchObject({ sha256: sum(v2) });
    expect((await labels(server)).sort()).toEqual(
      [sum(model), sum(model), sum(v2)].map((sha) => sha.slice(0, 12)).sort(),
    );
  });

  it('tells no path of the machine', async () => {
    const server = await start({ MODEL_DIR: await fetched(iris), LOG_LEVEL: 'silent' });
    expect(await told(server)).toEqual({ sha256: sum(model), fetchedAt: expect.any(String) });
  });
});

describe('a record that does not tell of what is served', () => {
  it.each<[string, (directory: string) => void]>([
    ['none', (directory) => rmSync(path.join(directory, LOCK))],
    ['of another model.onnx', (directory) => writeFileSync(path.join(directory, 'model.onnx'), v2)],
    ['without a date', (directory) => change(directory, { fetchedAt: undefined })],
    [
      'with a date beyond years',
      (directory) => change(directory, { fetchedAt: '+010000-01-01T00:00:00Z' }),
    ],
    ['with a date that is none', (directory) => change(directory, { fetchedAt: 'yesterday' })],
    ['with files that are no list', (directory) => change(directory, { files: { length: 1 } })],
    ['with files that are none', (directory) => change(directory, { files: [null, 1, {}] })],
    ['that is no object', (directory) => writeFileSync(path.join(directory, LOCK), '[]')],
    ['that is no JSON', (directory) => writeFileSync(path.join(directory, LOCK), '{"files":')],
    ['that is huge', (directory) => change(directory, { more: 'x'.repeat(17_000_000) })],
    [
      'that is a pipe',
      (directory) => {
        rmSync(path.join(directory, LOCK));
        execFileSync('mkfifo', [path.join(directory, LOCK)]);
      },
    ],
    [
      'that is a folder',
      (directory) => {
        rmSync(path.join(directory, LOCK));
        mkdirSync(path.join(directory, LOCK));
      },
    ],
  ])('is not told: %s', async (_name, spoil) => {
    const directory = await fetched(iris);
    spoil(directory);
    const server = await start({ MODEL_DIR: directory, LOG_LEVEL: 'silent' });
    expect(await told(server)).toBeUndefined();
    expect(await labels(server)).toEqual(['']);
  });

  it('tells what it can where a place is no text, or endless', async () => {
    const directory = await fetched(iris);
    change(directory, { uri: 'hf://'.padEnd(5000, 'x'), resolved: { toString: 1 } });
    const server = await start({ MODEL_DIR: directory, LOG_LEVEL: 'silent' });
    expect(await told(server)).toEqual({ sha256: sum(model), fetchedAt: expect.any(String) });
  });
});

it('tells no secret and nothing that moves a terminal, whoever wrote the record', async () => {
  const uri = 'https://me:SECRET@h/x.onnx?sig=SECRET';
  const records = [
    [{ uri, resolved: 'hf://o/r@c?token=SECRET' }, 'https://h/x.onnx?…'],
    [{ uri: 's3:/root/SECRET', resolved: 's3:/root/SECRET' }, undefined],
    [{ uri: 'c:/root/SECRET', resolved: 'c:/root/SECRET' }, undefined],
    [{ uri: 's3://b/x', resolved: 's3://b/x', revision: '\u001b[31m' }, 's3://b/x'],
  ] as const;
  for (const [record, shown] of records) {
    const directory = await fetched(iris);
    change(directory, record);
    const server = await start({ MODEL_DIR: directory, LOG_LEVEL: 'silent' });
    const source = await told(server);
    expect(JSON.stringify(source)).not.toMatch(/SECRET|\\u/);
    expect(Object(source).uri).toBe(shown);
  }
});

function change(directory: string, fields: object): void {
  const file = path.join(directory, LOCK);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...fields }));
}
