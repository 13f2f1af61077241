// What MLflow's own server never says: listings without end or with hostile names, other kinds of servers, other stores.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/sources/remote.ts';
import { defaultsOf, parseMlModel } from '../../src/sources/stores/mlflow/mlmodel.ts';
import { parseReference } from '../../src/sources/stores/mlflow/reference.ts';
import { createMlflowStore } from '../../src/sources/stores/mlflow.ts';
import { type Handle, serveFile } from '../file-server.ts';

const mlmodel = (lines: string) => `flavors:\n  onnx:\n    data: model.onnx\n${lines}`;
const columns = (...types: string[]) =>
  `signature:\n  inputs: '${JSON.stringify(types.map((type, i) => ({ type, name: `c${i}` })))}'\n`;

/** A registry that has version 7 of every model, with its artifacts at `uri`. */
function registry(uri: string, artifacts: Handle): Handle {
  return (req, res, call) => {
    const { pathname } = new URL(req.url ?? '', 'http://mlflow');
    if (pathname.endsWith('/model-versions/get'))
      res.end(JSON.stringify({ model_version: { version: '7', creation_timestamp: 1 } }));
    else if (pathname.endsWith('/get-download-uri')) res.end(JSON.stringify({ artifact_uri: uri }));
    else artifacts(req, res, call);
  };
}
const listing =
  (files: object[]): Handle =>
  (_req, res) =>
    res.end(JSON.stringify({ files }));
const proxied = 'mlflow-artifacts:/0/a';

async function open(
  handle: Handle,
  openElsewhere: Store['open'] = unused,
  signal = AbortSignal.timeout(20_000),
) {
  const { url } = await serveFile(handle);
  return createMlflowStore(openElsewhere).open(
    'mlflow://m/7',
    { MLFLOW_TRACKING_URI: url },
    signal,
  );
}
const unused: Store['open'] = () => Promise.reject(new Error('it asked another store'));

describe('a URI', () => {
  it.each([
    ['mlflow://iris@champion', { name: 'iris', alias: 'champion' }],
    ['mlflow://iris/3', { name: 'iris', version: '3' }],
    ['models:/iris@champion', { name: 'iris', alias: 'champion' }],
    ['models:/iris/3', { name: 'iris', version: '3' }],
    ['models:///two%20words/12', { name: 'two words', version: '12' }],
    ['mlflow://catalog.schema.iris/3', { name: 'catalog.schema.iris', version: '3' }],
  ])('%s', (uri, expected) => {
    expect(parseReference(uri)).toEqual(expected);
  });

  it.each([
    'mlflow://',
    'mlflow://iris',
    'mlflow://iris@',
    'mlflow://@champion',
    'mlflow://iris/latest',
    'models:/iris/Production',
    'mlflow://iris/0',
    'mlflow://iris/1/2',
    'mlflow://iris/1?x=1',
    'mlflow://%zz/1',
    `mlflow://iris/${'9'.repeat(100)}`,
  ])('%s is refused with how one looks', (uri) => {
    expect(() => parseReference(uri)).toThrow(
      'expected mlflow://NAME@ALIAS or mlflow://NAME/VERSION',
    );
  });
});

describe('a listing', () => {
  it.each([
    '../secret',
    '/etc/passwd',
    'a/../../b',
    'a\\b',
    'a\nb',
    '.',
    '',
    'a//b',
    'x'.repeat(1025),
  ])('with the name %j is refused', async (path) => {
    await expect(open(registry(proxied, listing([{ path, is_dir: false }])))).rejects.toThrow(
      'expected a relative path without ".."',
    );
  });

  it('of folders in folders without end is refused', async () => {
    const handle = registry(proxied, listing([{ path: 'deeper', is_dir: true }]));
    await expect(open(handle)).rejects.toThrow('expected a relative path');
  });

  it('of very many files is refused', async () => {
    const files = Array.from({ length: 10_001 }, (_, i) => ({ path: `f${i}`, is_dir: false }));
    await expect(open(registry(proxied, listing(files)))).rejects.toThrow('more than 10000 files');
  });

  it('that never ends is given up with the signal', async () => {
    const handle = registry(proxied, (_req, res) => void res.write('{"files": ['));
    await expect(open(handle, unused, AbortSignal.timeout(300))).rejects.toMatchObject({
      name: /TimeoutError|AbortError/,
    });
  });

  it('that has no MLmodel says how to log a model', async () => {
    await expect(open(registry(proxied, listing([])))).rejects.toThrow(
      'has no file MLmodel. Log the model again, with mlflow.onnx.log_model.',
    );
  });
});

it('a server that is not MLflow is told of by the variable that names it', async () => {
  const page: Handle = (_req, res) => res.end('<html>Welcome to nginx!</html>');
  await expect(open(page)).rejects.toThrow('another server answers there');
  const missing: Handle = (_req, res) => res.writeHead(404).end('<html>no</html>');
  await expect(open(missing)).rejects.toThrow('not as MLflow does. Check MLFLOW_TRACKING_URI');
});

it.each([503, 429, 500])('after status %i another attempt may succeed', async (status) => {
  const busy: Handle = (_req, res) => res.writeHead(status).end('busy');
  await expect(open(busy)).rejects.toMatchObject({ name: 'Error' });
});

it.each(['mlflow-artifacts://HOST/0/a', 'http://HOST/api/2.0/mlflow-artifacts/artifacts/0/a'])(
  'files at %s come from that server, with the same credentials',
  async (uri) => {
    const seen: unknown[] = [];
    const artifacts = await serveFile((req, res) => {
      seen.push([
        req.headers.authorization,
        new URL(req.url ?? '', 'http://x').searchParams.get('path'),
      ]);
      res.end('{"files":[]}');
    });
    const { url } = await serveFile(
      registry(uri.replace('HOST', new URL(artifacts.url).host), listing([])),
    );
    const env = { MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: 'secret' };
    const opened = createMlflowStore(unused).open('mlflow://m/7', env, AbortSignal.timeout(20_000));
    await expect(opened).rejects.toThrow('has no file MLmodel');
    expect(seen).toEqual([['Bearer secret', '0/a']]);
  },
);

it.each([
  ['s3://bucket/0/a', 's3://bucket/0/a'],
  ['gs://bucket/0/a', 'gs://bucket/0/a'],
  ['wasbs://box@account.blob.core.windows.net/0/a', 'az://account/box/0/a'],
  ['/mlruns/0/a', 'file:///mlruns/0/a'],
  ['/mlruns/a #1?%/a', 'file:///mlruns/a%20%231%3F%25/a'],
])('files at %s come from that store', async (uri, expected) => {
  const asked: string[] = [];
  const file = (path: string, text: string) => ({
    path,
    read: async () => ({ from: 0, bytes: bytesOf(text) }),
  });
  const model = await open(registry(uri, listing([])), async (other) => {
    asked.push(other);
    return {
      resolved: other,
      revision: 'etags',
      files: [file('MLmodel', mlmodel('')), file('model.onnx', 'onnx')],
    };
  });
  expect(asked).toEqual([expected]);
  expect(model).toMatchObject({ resolved: 'mlflow://m/7', revision: '7.1.etags' });
  expect(model.files.map(({ path }) => path)).toEqual([
    'MLmodel',
    'model.onnx',
    'model.defaults.json',
  ]);
});

describe('MLmodel', () => {
  const registered = { name: 'credit risk', version: '3' };
  const defaults = (text: string, example?: unknown) =>
    defaultsOf(registered, parseMlModel(text, 'MLmodel'), example);

  it('names the columns of a table of numbers', () => {
    expect(
      defaults(mlmodel(columns('double', 'double')), { columns: ['c1', 'c0'], data: [[2, 'x']] }),
    ).toEqual({
      name: 'credit-risk',
      version: '3',
      features: [{ name: 'c0' }, { name: 'c1', example: 2 }],
    });
  });

  it.each([
    ['columns of several kinds, each of which is an input of its own', columns('double', 'string')],
    ['text', columns('string')],
    [
      'tensors',
      `signature:\n  inputs: '[{"type": "tensor", "tensor-spec": {"shape": [-1, 4]}}]'\n`,
    ],
    ['no columns', `signature:\n  inputs: '[]'\n`],
    ['a signature that is no JSON', `signature:\n  inputs: '['\n`],
    ['no signature', ''],
  ])('says nothing of features for %s', (_what, signature) => {
    expect(defaults(mlmodel(signature))).toEqual({ name: 'credit-risk', version: '3' });
  });

  it.each([null, [], 'text', { columns: ['c0'], data: [] }, { columns: 1, data: [[1]] }])(
    'an input example %j gives no examples',
    (example) => {
      expect(defaults(mlmodel(columns('float')), example)).toMatchObject({
        features: [{ name: 'c0' }],
      });
    },
  );

  it.each(['', '[', '- a', 'flavors: 1', 'a: &a [x]\nb: *c'])('%j is refused', (text) => {
    expect(() => parseMlModel(text, 'MLmodel')).toThrow('is not the YAML that MLflow writes');
  });

  it('of nested aliases is refused, not expanded', () => {
    const bomb = ['a0: &a0 [x, x]'];
    for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
    expect(() => parseMlModel(`${bomb.join('\n')}\nflavors: {}`, 'MLmodel')).toThrow(
      'not the YAML',
    );
  });
});

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe('credentials in ~/.mlflow/credentials', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'mlflow-home-'));
  const file = path.join(home, '.mlflow/credentials');
  mkdirSync(path.dirname(file));
  afterAll(() => rmSync(home, { recursive: true }));

  /** What the registry was sent as `Authorization`, without "Basic" in clear; and what is said when it refuses it. */
  async function sent(text: string, env: NodeJS.ProcessEnv = {}) {
    writeFileSync(file, text);
    let authorization = '';
    const { url } = await serveFile((req, res) => {
      authorization = req.headers.authorization ?? '';
      res.writeHead(401).end();
    });
    const refusal = await createMlflowStore(unused)
      .open(
        'mlflow://m/7',
        { HOME: home, MLFLOW_TRACKING_URI: url, ...env },
        AbortSignal.timeout(20_000),
      )
      .catch(String);
    const login = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
    return { login: authorization.startsWith('Basic ') ? login : authorization, refusal };
  }

  it.each([
    ['', ''],
    ['[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password=a=b: c\n', 'me:a=b: c'],
    ['[mlflow]\r\nMLFLOW_TRACKING_USERNAME: me\r\nmlflow_tracking_password : 50%%\r\n', 'me:50%'],
    [
      '[other]\nmlflow_tracking_username = you\n[mlflow]\n# mlflow_tracking_username = you\nmlflow_tracking_username = me\nmlflow_tracking_password = secret\n[more]\nmlflow_tracking_password = x\n',
      'me:secret',
    ],
    ['[mlflow]\nmlflow_tracking_username = me\n', ''],
    ['mlflow_tracking_username = me\nmlflow_tracking_password = x\n', ''],
    ['\0\uFFFD not a file of that kind', ''],
  ])('%j', async (text, expected) => {
    const { login, refusal } = await sent(text);
    expect(login).toBe(expected);
    expect(refusal).toContain(expected === '' ? 'Set MLFLOW_TRACKING_USERNAME' : `also in ${file}`);
    expect(refusal).not.toContain('secret');
  });

  it('are less than those of the environment, each by itself, and more than a token', async () => {
    const saved = '[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = saved\n';
    const more = { MLFLOW_TRACKING_PASSWORD: 'own', MLFLOW_TRACKING_TOKEN: 'token' };
    expect((await sent(saved, more)).login).toBe('me:own');
    expect((await sent('', more)).login).toBe('Bearer token');
  });

  it('are named where they cannot be read', async () => {
    rmSync(file);
    mkdirSync(file);
    const refusal = await createMlflowStore(unused)
      .open(
        'mlflow://m/7',
        { HOME: home, MLFLOW_TRACKING_URI: 'http://127.0.0.1:1' },
        AbortSignal.timeout(20_000),
      )
      .catch(String);
    expect(refusal).toContain(`${file}, which may have credentials of MLflow, cannot be read`);
    rmSync(file, { recursive: true });
  });
});
