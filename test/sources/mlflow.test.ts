// The MLflow store against MLflow's own server with its artifact proxy and basic authentication.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { createMlflowStore } from '../../server/src/sources/stores/mlflow.ts';
import { start } from '../../server/test/start.ts';
import { askMlflow, authenticationIn, mlflowLogin } from './mlflow/access.ts';
import { contentOf, expectContent, fileOf, refusalOf, soon } from './remote-files.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const here = path.join(import.meta.dirname, 'mlflow');
const models = path.resolve(import.meta.dirname, '../../model');
const onnx = (version: string) => readFileSync(path.join(models, version, 'model.onnx'));
const folder = mkdtempSync(path.join(tmpdir(), 'mlflow-'));
const { MLFLOW_TRACKING_PASSWORD: password } = mlflowLogin;
const quiet = {
  MLFLOW_DISABLE_TELEMETRY: 'true',
  ORT_DISABLE_TELEMETRY: '1',
  GIT_PYTHON_REFRESH: 'quiet',
};

const store = createMlflowStore((uri) => {
  throw new Error(`${uri} is elsewhere`);
});
let server: ServerProcess;
let env: NodeJS.ProcessEnv;

/** MLflow's REST API, as its administrator. */
const call = (method: string, path: string, body: object) =>
  askMlflow(server.url, method, path, body);

beforeAll(async () => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const config = path.join(folder, 'auth.ini');
  writeFileSync(config, authenticationIn(folder));
  server = await startServer(
    path.join(path.dirname(python), 'mlflow'),
    (port) => [
      'server',
      '--app-name=basic-auth',
      '--workers=1',
      `--port=${port}`,
      '--allowed-hosts=127.0.0.1:*',
      `--backend-store-uri=sqlite:///${folder}/mlflow.db`,
      `--artifacts-destination=${folder}/artifacts`,
    ],
    { ...quiet, MLFLOW_AUTH_CONFIG_PATH: config, MLFLOW_FLASK_SERVER_SECRET_KEY: 'a secret key' },
  );
  env = {
    MLFLOW_TRACKING_URI: server.url,
    ...mlflowLogin,
  };
  await promisify(execFile)(python, [path.join(here, 'log_models.py'), server.url, models], {
    env: { PATH: process.env['PATH'], HOME: folder, ...quiet, ...env },
  });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('brings the version that an alias names, and says which', async () => {
  const model = await store.open('mlflow://iris@champion', env, soon());
  expect(model.resolved).toBe('mlflow://iris/1');
  expect(model.revision).toMatch(/^1\.\d+$/);
  expect(model.details).toMatchObject({
    model: 'iris',
    version: '1',
    artifacts: expect.stringMatching(/^mlflow-artifacts:/),
  });
  await expectContent(model, 'model.onnx', onnx('v1'));
  expect(fileOf(model, 'model.onnx').size).toBe(onnx('v1').length);
});

it('makes model.defaults.json of the signature and the input example', async () => {
  const model = await store.open('models:/iris@champion', env, soon());
  expect(JSON.parse(String(await contentOf(fileOf(model, 'model.defaults.json'))))).toEqual({
    name: 'iris',
    version: '1',
    features: [
      { name: 'sepal length', example: 5.1 },
      { name: 'sepal width', example: 3.5 },
      { name: 'petal length', example: 1.4 },
      { name: 'petal width', example: 0.2 },
    ],
    trainedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  });
});

it('brings a model without ONNX for another server, as it was logged', async () => {
  const uri = `mlflow://${encodeURIComponent('not onnx')}/1`;
  expect(await refusalOf(store, uri, env)).toContain('has no ONNX flavour');
  const { files, resolved } = await store.open(uri, env, soon(), 'files');
  expect(resolved).toBe(uri);
  const places = files.map((file) => file.path);
  expect(places).toContain('MLmodel');
  expect(places).not.toContain('model.defaults.json');
});

it('is served as it came, with the names of its columns', async () => {
  const { files } = await store.open('mlflow://iris@champion', env, soon());
  const directory = path.join(folder, 'served');
  mkdirSync(directory);
  for (const file of files) writeFileSync(path.join(directory, file.path), await contentOf(file));
  const { url } = await start({ MODEL_DIR: directory, LOG_LEVEL: 'silent' });
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"inputs":[5.1,3.5,1.4,0.2]}',
  });
  expect(await response.json()).toEqual({ prediction: [0] });
  const contract = await fetch(`${url}/openapi.json`);
  expect(await contract.text()).toContain('petal width');
});

it('opens the same again by what it resolved to, after the alias has moved', async () => {
  const before = await store.open('mlflow://iris@champion', env, soon());
  await call('POST', 'registered-models/alias', { name: 'iris', alias: 'champion', version: '2' });
  try {
    const after = await store.open('mlflow://iris@champion', env, soon());
    expect(after.resolved).toBe('mlflow://iris/2');
    expect(after.revision).not.toBe(before.revision);
    await expectContent(after, 'model.onnx', onnx('v2'));
    const again = await store.open(before.resolved, env, soon());
    expect(again.revision).toBe(before.revision);
    await expectContent(again, 'model.onnx', onnx('v1'));
  } finally {
    await call('POST', 'registered-models/alias', {
      name: 'iris',
      alias: 'champion',
      version: '1',
    });
  }
});

it.each([
  [
    'an alias',
    'mlflow://iris@nobody',
    'no alias "nobody" of the model "iris"; it has champion (version 1). Set it with',
  ],
  ['a version', 'mlflow://iris/99', 'no version 99 of the model "iris".'],
  [
    'a model',
    'models:/tulips/1',
    'no registered model "tulips". Check the name, and MLFLOW_TRACKING_URI',
  ],
])('says that there is not such %s', async (_what, uri, expected) => {
  expect(await refusalOf(store, uri, env)).toContain(expected);
});

it('says how to log a model that is not ONNX, or what serves it', async () => {
  const said = await refusalOf(store, 'mlflow://not%20onnx/1', env);
  expect(said).toMatch(
    /no ONNX flavour: it has .*sklearn.*mlflow\.onnx\.log_model.*runtime: mlserver/,
  );
});

it.each([
  [
    'none',
    {},
    'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.',
  ],
  [
    'a wrong password',
    { MLFLOW_TRACKING_USERNAME: 'admin', MLFLOW_TRACKING_PASSWORD: 'hunter3-wrong' },
    'Check MLFLOW_TRACKING_USERNAME and',
  ],
  ['a wrong token', { MLFLOW_TRACKING_TOKEN: 'ghp_wrong' }, 'Check MLFLOW_TRACKING_TOKEN'],
])('names the credentials to set where it has %s', async (_what, credentials, expected) => {
  const said = await refusalOf(
    store,
    'mlflow://iris@champion',
    { MLFLOW_TRACKING_URI: server.url, ...credentials },
    ['hunter3-wrong', 'ghp_wrong', Buffer.from('admin:hunter3-wrong').toString('base64')],
  );
  expect(said).toContain('answered 401 Unauthorized');
  expect(said).toContain(expected);
});

it('takes a user and password in the address, and shows neither', async () => {
  const address = server.url.replace('//', `//admin:${password}@`);
  const model = await store.open('mlflow://iris/1', { MLFLOW_TRACKING_URI: address }, soon());
  await expectContent(model, 'model.onnx', onnx('v1'));
  expect(JSON.stringify(model)).not.toContain(password);
  const said = await refusalOf(store, 'mlflow://iris/99', { MLFLOW_TRACKING_URI: address }, [
    password,
  ]);
  expect(said).toContain(server.url);
});

it('says how to start a server that refuses the name by which it is asked', async () => {
  const address = server.url.replace('127.0.0.1', 'localhost');
  const named = { ...env, MLFLOW_TRACKING_URI: address };
  const said = await refusalOf(store, 'mlflow://iris/1', named, [password]);
  expect(said).toContain(
    `${address} rejects requests for that host name. Start it with --allowed-hosts=${new URL(address).host} (`,
  );
});
