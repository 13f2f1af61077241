// Models that are loaded and unloaded while others are served: by operators, and by what comes into MODELS_DIR.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GrpcClient } from './grpc/client.ts';
import { keysFile, type Running, start } from './start.ts';

const models = fileURLToPath(new URL('../../model/', import.meta.url));
const row = { inputs: [5.1, 3.5, 1.4, 0.2] };
const key = { 'X-API-Key': 'first-key' };

/** A directory with the model iris; removed when the test ends. */
function irisDir() {
  const root = mkdtempSync(path.join(tmpdir(), 'models-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const put = (place: string, version = 'v1') =>
    cpSync(path.join(models, version), path.join(root, place), { recursive: true });
  put('iris');
  return {
    root,
    put,
    remove: (place: string) => rmSync(path.join(root, place), { recursive: true }),
  };
}

const startWith = (root: string, env: Readonly<Record<string, string>> = {}) =>
  start({
    MODELS_DIR: root,
    DEFAULT_MODEL: 'iris',
    OPERATOR_KEYS_FILE: keysFile(),
    LOG_LEVEL: 'silent',
    ...env,
  });

const change = ({ http }: Running, verb: 'load' | 'unload', name: string, headers: object = key) =>
  http.post(`/v2/repository/models/${name}/${verb}`).set({ ...headers });

const predict = async ({ http }: Running, place: string) => {
  const response = await http.post(`${place}/predict`).send(row);
  return [response.status, response.headers['ml-model-version']];
};

describe('an operator', () => {
  it('loads a folder that has come, a version of it, and unloads both', async () => {
    const { root, put, remove } = irisDir();
    const running = await startWith(root);
    expect((await change(running, 'load', 'new')).status).toBe(404);
    put('new/1');
    const { body } = await change(running, 'load', 'new').expect(200);
    expect(body).toEqual([{ name: 'new', version: '1', state: 'READY', reason: '' }]);
    expect(await predict(running, '/models/new')).toEqual([200, '1']);
    put('new/2', 'v2');
    await change(running, 'load', 'new').expect(200);
    expect(await predict(running, '/models/new')).toEqual([200, '2']);
    remove('new/1');
    await change(running, 'load', 'new').expect(200);
    expect(await predict(running, '/models/new/versions/1')).toEqual([404, 'v1']);
    expect(await predict(running, '/models/new/versions/2')).toEqual([200, '2']);
    await change(running, 'unload', 'new').expect(200);
    const gone = await running.http.post('/models/new/predict').send(row);
    expect([gone.status, gone.body.detail]).toEqual([
      503,
      'The model "new" is not served: it was unloaded. Whoever runs the server can load it again: POST /v2/repository/models/NAME/load.',
    ]);
    // Nothing was refused: nobody has to be woken.
    expect((await running.http.get('/metrics')).text).toContain(
      'ml_api_model_reload_refused{model="new",model_version="2",version="v1"} 0',
    );
    await change(running, 'load', 'new').expect(200);
    expect(await predict(running, '/models/new')).toEqual([200, '2']);
    expect(await predict(running, '')).toEqual([200, 'v1']);
  });

  it('has each version say where it is, whichever is the latest', async () => {
    const { root, put, remove } = irisDir();
    remove('iris');
    put('iris/1');
    const running = await startWith(root, { BASE_PATH: '/v1' });
    const serversAt = async (place: string) => {
      const { body } = await running.http.get(`${place}/openapi.json`).expect(200);
      const { text } = await running.http.get(`${place}/openapi.yaml`).expect(200);
      expect(text).toContain(`servers:\n  - url: ${body.servers[0].url}\n`);
      return body.servers[0].url;
    };
    const [first, second] = ['1', '2'].map((version) => `/models/iris/versions/${version}`);
    for (const place of ['', '/v1', '/models/iris']) expect(await serversAt(place)).toBe('/v1');
    expect(await serversAt(`${first}`)).toBe(`/v1${first}`);
    put('iris/2', 'v2');
    await change(running, 'load', 'iris').expect(200);
    for (const place of ['', '/v1', '/models/iris']) expect(await serversAt(place)).toBe('/v1');
    for (const place of [first, second]) expect(await serversAt(`${place}`)).toBe(`/v1${place}`);
    remove('iris/2');
    await change(running, 'load', 'iris').expect(200);
    expect(await predict(running, '')).toEqual([200, '1']);
    for (const place of ['', '/v1', '/models/iris']) expect(await serversAt(place)).toBe('/v1');
  });

  it('replaces a model by what its folder holds, or is told why not', async () => {
    const { root, put } = irisDir();
    put('other');
    const running = await startWith(root);
    const hash = async () => (await running.http.get('/models/other/model')).body.contractHash;
    const before = await hash();
    put('other', 'v2');
    await change(running, 'load', 'other').expect(200);
    expect(await hash()).not.toBe(before);
    writeFileSync(path.join(root, 'other/model.onnx'), 'no model');
    const refused = await change(running, 'load', 'other');
    expect([refused.status, refused.body.error]).toEqual([
      503,
      'What the folder "other" holds is not served: it cannot be loaded; the log says why.',
    ]);
    expect((await predict(running, '/models/other'))[0]).toBe(200);
  });

  it('does not unload what /predict serves, nor what is not there', async () => {
    const { root } = irisDir();
    const running = await startWith(root);
    const refused = await change(running, 'unload', 'iris');
    expect([refused.status, refused.body.error]).toEqual([
      400,
      expect.stringContaining('/predict serves it'),
    ]);
    for (const name of ['none', '__proto__', '..%2Firis', '%00'])
      for (const verb of ['load', 'unload'] as const)
        expect((await change(running, verb, name)).status).toBe(404);
    expect(await predict(running, '')).toEqual([200, 'v1']);
  });

  it('is who has a key, in every protocol; without keys, nobody is', async () => {
    const { root, put } = irisDir();
    put('other');
    const running = await startWith(root, { GRPC_PORT: '0' });
    for (const headers of [{}, { 'X-API-Key': 'wrong' }]) {
      const { status: code, body } = await change(running, 'unload', 'other', headers);
      expect([code, Object.keys(body)]).toEqual([401, ['error']]);
    }
    const grpc = new GrpcClient(running.grpcPort);
    const unload = (metadata = {}) =>
      grpc.call('RepositoryModelUnload', { model_name: 'other' }, { metadata });
    expect((await unload()).code).toBe(status.UNAUTHENTICATED);
    expect(await predict(running, '/models/other')).toEqual([200, 'v1']);
    expect((await unload({ 'x-api-key': 'first-key' })).code).toBe(status.OK);
    expect((await predict(running, '/models/other'))[0]).toBe(503);

    const open = await start({ MODELS_DIR: root, DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent' });
    expect((await change(open, 'unload', 'other')).status).toBe(404);
    const document = (await open.http.get('/openapi.json')).body;
    expect(Object.keys(document.paths)).not.toContain('/v2/repository/models/{model}/load');
    const refused = await change(open, 'load', 'other');
    expect([refused.status, refused.body.error]).toEqual([
      404,
      'Nobody may load or unload models of this server. For that, start it with MODELS_DIR and OPERATOR_KEYS_FILE.',
    ]);
    await expect(start({ OPERATOR_KEYS_FILE: keysFile() })).rejects.toThrow(
      /OPERATOR_KEYS_FILE is set, and MODELS_DIR is not/,
    );
  });

  it('may ask for the same, or the opposite, many times at once, without a lost prediction elsewhere', async () => {
    const { root, put } = irisDir();
    put('other');
    const running = await startWith(root);
    let asking = true;
    const seen = new Set<unknown>();
    const others = (async () => {
      while (asking) seen.add((await predict(running, ''))[0]);
    })();
    const verbs = ['load', 'unload', 'load', 'load', 'unload', 'unload', 'load'] as const;
    const done = await Promise.all(verbs.map((verb) => change(running, verb, 'other')));
    asking = false;
    await others;
    expect(done.map(({ status: code }) => code)).toEqual(verbs.map(() => 200));
    expect([...seen]).toEqual([200]);
    expect(await predict(running, '/models/other')).toEqual([200, 'v1']);
  });
});

describe('MODEL_RELOAD_SECONDS', () => {
  it('finds folders and versions that come and go', async () => {
    const { root, put, remove } = irisDir();
    const running = await startWith(root, { MODEL_RELOAD_SECONDS: '1' });
    const found = (place: string) =>
      expect.poll(() => predict(running, place), { timeout: 20_000, interval: 200 });
    put('new/1');
    await found('/models/new').toEqual([200, '1']);
    put('new/2', 'v2');
    await found('/models/new').toEqual([200, '2']);
    remove('new/2');
    await found('/models/new').toEqual([200, '1']);
    remove('new');
    await found('/models/new').toEqual([404, 'v1']);
    put('new/1');
    await found('/models/new').toEqual([200, '1']);
    remove('iris'); // what /predict serves is served on
    put('more');
    await found('/models/more').toEqual([200, 'v1']);
    expect(await predict(running, '')).toEqual([200, 'v1']);
  });

  it('goes on with what it has where MODELS_DIR cannot be read, until it can', async () => {
    const { root, put } = irisDir();
    const running = await startWith(root, { MODEL_RELOAD_SECONDS: '1', LOG_LEVEL: 'info' });
    const away = `${root}-away`;
    renameSync(root, away);
    onTestFinished(() => rmSync(away, { recursive: true, force: true }));
    const { status: code, body } = await change(running, 'load', 'iris');
    expect([code, body.error]).toEqual([503, 'MODELS_DIR cannot be read; the log says why.']);
    const line = running.logs.find(({ route }) => String(route).endsWith('/load'));
    expect(line).toMatchObject({
      status: 503,
      err: { message: expect.stringContaining('ENOENT') },
    });
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(await predict(running, '')).toEqual([200, 'v1']);
    renameSync(away, root);
    put('more');
    await expect
      .poll(() => predict(running, '/models/more'), { timeout: 20_000, interval: 200 })
      .toEqual([200, 'v1']);
  });

  it('never leaves /predict and the probes without a model: the one that goes is served until another can be', async () => {
    const { root, put, remove } = irisDir();
    remove('iris');
    put('iris/1');
    const running = await startWith(root, { MODEL_RELOAD_SECONDS: '1' });
    const seen = new Set<unknown>();
    let asking = true;
    const load = (async () => {
      while (asking) {
        seen.add((await predict(running, ''))[0]);
        seen.add((await running.http.get('/livez')).status);
        seen.add((await running.http.get('/readyz')).status);
      }
    })();
    put('iris/2');
    writeFileSync(path.join(root, 'iris/2/model.onnx'), 'no model');
    remove('iris/1');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(await predict(running, '')).toEqual([200, '1']);
    put('iris/2', 'v2');
    const found = () => predict(running, '');
    await expect.poll(found, { timeout: 20_000, interval: 200 }).toEqual([200, '2']);
    put('iris/3');
    remove('iris/2');
    await change(running, 'load', 'iris').expect(200);
    expect(await predict(running, '')).toEqual([200, '3']);
    asking = false;
    await load;
    expect([...seen]).toEqual([200]);
    const { body } = await running.http.post('/v2/repository/index');
    expect(body).toEqual([{ name: 'iris', version: '3', state: 'READY', reason: '' }]);
  }, 60_000);

  it('serves what comes once it is quiet and predicts as its golden predictions say', async () => {
    const { root, put } = irisDir();
    const running = await startWith(root, { MODEL_RELOAD_SECONDS: '1', LOG_LEVEL: 'info' });
    put('wrong');
    const golden = path.join(root, 'wrong/golden.json');
    const { inputs, prediction } = JSON.parse(readFileSync(golden, 'utf8'));
    writeFileSync(golden, JSON.stringify({ inputs, prediction: prediction.map(() => 2) }));
    const refused = () => running.logs.find(({ reason }) => String(reason).includes('rows differ'));
    await expect.poll(refused, { timeout: 20_000 }).toMatchObject({ model: 'wrong', level: 50 });
    expect((await predict(running, '/models/wrong'))[0]).toBe(503);
    const told = await change(running, 'load', 'wrong');
    expect([told.status, told.body.error]).toEqual([503, expect.stringContaining('golden.json')]);

    put('late');
    for (let i = 0; i < 8; i++) {
      writeFileSync(path.join(root, 'late/growing'), 'x'.repeat(i + 1));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await predict(running, '/models/late'))[0]).toBe(404);
    }
    await expect
      .poll(() => predict(running, '/models/late'), { timeout: 20_000, interval: 200 })
      .toEqual([200, 'v1']);
    expect(running.logs).toContainEqual(
      expect.objectContaining({ model: 'late', msg: expect.stringContaining('is served now') }),
    );
  }, 60_000);

  it('leaves alone what an operator unloaded, and the versions that it gets', async () => {
    const { root, put, remove } = irisDir();
    put('other/1');
    const running = await startWith(root, { MODEL_RELOAD_SECONDS: '1' });
    await change(running, 'unload', 'other').expect(200);
    put('other/1', 'v2');
    put('other/2', 'v2');
    put('more');
    await expect
      .poll(() => predict(running, '/models/more'), { timeout: 20_000, interval: 200 })
      .toEqual([200, 'v1']);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect((await predict(running, '/models/other'))[0]).toBe(503);
    await change(running, 'load', 'other').expect(200);
    expect(await predict(running, '/models/other')).toEqual([200, '2']);
    remove('other');
    await expect
      .poll(() => predict(running, '/models/other'), { timeout: 20_000, interval: 200 })
      .toEqual([404, 'v1']);
  }, 40_000);
});
