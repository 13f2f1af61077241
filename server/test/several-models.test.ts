// Several models in one process: each as it would be alone, by every protocol, and what MODELS_DIR may hold.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GrpcClient } from './grpc/client.ts';
import { fiveModels, modelsDir } from './models-dir.ts';
import { keysFile, start, testModel } from './start.ts';

const models = fileURLToPath(new URL('../../model/', import.meta.url));
const row = [5.1, 3.5, 1.4, 0.2];

const startFive = (env: Readonly<Record<string, string>> = {}) =>
  start({ MODELS_DIR: fiveModels(), DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent', ...env });

describe('each model of several', () => {
  it('has all that it would have alone, below its name', async () => {
    const { http } = await startFive();
    for (const [place, directory, named] of [
      ['', path.join(models, 'v1'), 'iris'],
      ['/models/iris', path.join(models, 'v1'), 'iris'],
      ['/models/flowers/versions/1', path.join(models, 'v1'), 'flowers'],
      ['/models/flowers', path.join(models, 'v2'), 'flowers'],
      ['/models/two-inputs', testModel('two-inputs'), 'two-inputs'],
      ['/models/__proto__', testModel('text'), '__proto__'],
      ['/models/a%20model,%20%E6%A8%A1%E5%9E%8B', testModel('line'), 'a model, 模型'],
    ] as const) {
      const { serving: _how, ...described } = (await http.get(`${place}/model`).expect(200)).body;
      const alone = await start({
        MODEL_DIR: directory,
        MODEL_NAME: named,
        MODEL_VERSION: described.version,
        LOG_LEVEL: 'silent',
      });
      expect((await alone.http.get('/model')).body).toMatchObject(described);
      const { servers, ...contract } = (await http.get(`${place}/openapi.json`).expect(200)).body;
      expect(decodeURIComponent(servers[0].url)).toMatch(named === 'iris' ? /^\/$/ : `/${named}`);
      const { servers: _, ...expected } = (await alone.http.get('/openapi.json')).body;
      expect(contract).toEqual(expected);
      for (const path of ['/model', '/openapi.json', '/openapi.yaml']) {
        const { headers } = await http.get(`${place}${path}`);
        expect([
          decodeURIComponent(headers['ml-model-name'] ?? ''),
          headers['ml-model-version'],
          headers['ml-contract-hash'],
        ]).toEqual([named, described.version, described.contractHash]);
      }
      const page = await http.get(`${place}/`).expect(200);
      expect(page.text).toContain('playground/main.js');
    }
  });

  it('predicts, and says which it is, in every protocol', async () => {
    const running = await startFive({ GRPC_PORT: '0' });
    const { http } = running;
    for (const [place, name, version] of [
      ['', 'iris', 'v1'],
      ['/models/iris', 'iris', 'v1'],
      ['/models/flowers', 'flowers', '2'],
      ['/models/flowers/versions/1', 'flowers', '1'],
    ] as const) {
      const { body, headers } = await http.post(`${place}/predict`).send({ inputs: row });
      expect(body).toEqual({ prediction: [0] });
      expect([headers['ml-model-name'], headers['ml-model-version']]).toEqual([name, version]);
      const { contractHash } = (await http.get(`${place}/model`)).body;
      expect(headers['ml-contract-hash']).toBe(contractHash);
    }
    const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: row };
    for (const [place, name, version] of [
      ['/v2/models/flowers', 'flowers', '2'],
      ['/v2/models/flowers/versions/1', 'flowers', '1'],
      ['/models/flowers/v2/models/flowers', 'flowers', '2'],
      ['/models/flowers/versions/1/v2/models/flowers', 'flowers', '1'],
      ['/models/flowers/versions/1/v2/models/flowers/versions/1', 'flowers', '1'],
      ['/models/flowers/v2/models/flowers/versions/1', 'flowers', '1'],
    ] as const) {
      const { body, headers } = await http.post(`${place}/infer`).send({ inputs: [tensor] });
      expect([body.model_name, body.model_version, body.outputs[0].data]).toEqual([
        name,
        version,
        [0],
      ]);
      expect(headers['ml-model-name']).toBe(name);
    }
    // Below one model or version there is no other.
    for (const place of [
      '/models/two-inputs/v2/models/iris',
      '/models/flowers/versions/1/v2/models/flowers/versions/2',
    ]) {
      const { status, body } = await http.post(`${place}/infer`).send({ inputs: [tensor] });
      expect([status, body.error]).toEqual([404, expect.stringContaining('ends with another')]);
    }
    const grpc = new GrpcClient(running.grpcPort);
    const contents = { fp32_contents: row };
    for (const [model_name, model_version, version] of [
      ['', '', 'v1'],
      ['flowers', '', '2'],
      ['flowers', '1', '1'],
    ] as const) {
      const inputs = [{ name: 'inputs', datatype: 'FP32', shape: [1, 4], contents }];
      const { response, initial } = await grpc.infer({ model_name, model_version, inputs });
      expect([response['model_name'], response['model_version']]).toEqual([
        model_name || 'iris',
        version,
      ]);
      expect(initial.get('ml-model-version')).toEqual([version]);
    }
    const ready = (name: string) => grpc.call('ModelReady', { name });
    expect((await ready('flowers')).response).toEqual({ ready: true });
    expect((await ready('none')).response).toEqual({ ready: false });
    const { response } = await grpc.call('RepositoryIndex');
    expect(response['models']).toHaveLength(6);
    const statistics = await grpc.call('ModelStatistics', { name: 'flowers', version: '1' });
    expect(statistics.response['model_stats']).toMatchObject([{ name: 'flowers', version: '1' }]);
    expect((await grpc.call('ModelStatistics')).response['model_stats']).toHaveLength(6);
  });

  it('is refused by its own contract, and unknown ones by name', async () => {
    const { http } = await startFive();
    const wrong = await http.post('/models/two-inputs/predict').send({ inputs: row });
    expect([wrong.status, wrong.headers['ml-model-name']]).toEqual([422, 'two-inputs']);
    expect(wrong.body.errors[0].detail).toContain('an object with the tensors');
    for (const place of ['/models/none', '/models/flowers/versions/9', '/models/%5Fproto']) {
      const { status, body } = await http.post(`${place}/predict`).send({ inputs: row });
      expect([status, body.detail]).toEqual([404, expect.stringContaining('this server has')]);
      expect(body.detail).toContain('"flowers" of version "1" and "2"');
      await http.get(`${place}/`).expect(404);
      await http.get(`${place}/docs`).expect(404);
      await http.get(`${place}/openapi.yaml`).expect(404);
    }
    const { status, body } = await http.get('/v2/models/none/ready');
    expect([status, Object.keys(body)]).toEqual([404, ['error']]);
  });

  it('is named by every response about it, and by errors before it was found', async () => {
    const { http } = await startFive({ API_KEYS_FILE: keysFile() });
    for (const [place, name, version] of [
      ['', 'iris', 'v1'],
      ['/models/two-inputs', 'two-inputs', 'v1'],
      ['/models/flowers', 'flowers', '2'],
      ['/models/flowers/versions/1', 'flowers', '1'],
      ['/models/a%20model,%20%E6%A8%A1%E5%9E%8B', 'a model, 模型', 'v1'],
    ] as const) {
      const key = { 'X-API-Key': 'first-key' };
      const { contractHash } = (await http.get(`${place}/model`).set(key)).body;
      const own = place.replace('/models', '/v2/models') || '/v2/models/iris';
      for (const [path, status, sent] of [
        [`${place}/model`, 200, key],
        [`${place}/openapi.json`, 200, key],
        [`${place}/openapi.yaml`, 200, key],
        [own, 200, key],
        [`${own}/ready`, 200, key],
        [`${own}/config`, 200, key],
        [`${own}/stats`, 200, key],
        [`${place}/model`, 401, {}],
        [`${place}/predict`, 405, key],
        [`${own}/infer`, 405, key],
      ] as const) {
        const { headers } = await http.get(path).set(sent).expect(status);
        expect(
          [
            decodeURIComponent(String(headers['ml-model-name'])),
            headers['ml-model-version'],
            headers['ml-contract-hash'],
          ],
          path,
        ).toEqual([name, version, contractHash]);
      }
      const { headers } = await http.post(`${place}/predict`).send({ inputs: row }).expect(401);
      expect(headers['ml-contract-hash']).toBe(contractHash);
    }
  });

  it('is named by errors, whatever it and what is around it are called', async () => {
    const v1 = path.join(models, 'v1');
    const names = ['models', 'versions', 'predict', 'v2', 'infer', '1'];
    const places = Object.fromEntries(names.map((name) => [`${name}/7`, v1]));
    for (const BASE_PATH of ['', '/models/v1', '/versions']) {
      const { http } = await start({
        MODELS_DIR: modelsDir({ iris: v1, ...places }),
        DEFAULT_MODEL: 'iris',
        API_KEYS_FILE: keysFile(),
        LOG_LEVEL: 'silent',
        ...(BASE_PATH !== '' && { BASE_PATH }),
      });
      for (const root of new Set(['', BASE_PATH]))
        for (const [place, name] of [
          ['', 'iris'],
          ...names.flatMap((name) => [
            [`/models/${name}`, name],
            [`/models/${name}/versions/7`, name],
          ]),
        ] as const) {
          const own = name === 'iris' ? '/v2/models/iris' : `/v2${place}`;
          for (const [method, below, status] of [
            ['post', '/predict', 401],
            ['get', '/predict', 405],
            ['get', '/model', 401],
            ['post', '/livez', 405],
            ['get', '/nothing/models/nothing', 404],
            ['post', `/v2/models/${name}/infer`, 401],
            ['get', `/v2/models/${name}/infer`, 405],
            ['get', `/v2/models/${name}/nothing`, 404],
          ] as const) {
            const at = `${root}${place}${below}`;
            const response = await http[method](at).expect(status);
            expect(response.headers['ml-model-name'], at).toBe(name);
          }
          for (const [below, status] of [
            ['/config', 401],
            ['/infer', 405],
            ['/nothing', 404],
          ] as const) {
            const response = await http.get(`${root}${own}${below}`).expect(status);
            expect(response.headers['ml-model-name'], `${root}${own}${below}`).toBe(name);
          }
        }
    }
  });

  it('has probes of its own below its name, which say that it is not there or not served', async () => {
    const directory = fiveModels();
    mkdirSync(path.join(directory, 'broken'));
    writeFileSync(path.join(directory, 'broken/model.onnx'), 'no model');
    const { http } = await start({
      MODELS_DIR: directory,
      DEFAULT_MODEL: 'iris',
      BASE_PATH: '/v1',
      OPERATOR_KEYS_FILE: keysFile(),
      LOG_LEVEL: 'silent',
    });
    const unload = http.post('/v2/repository/models/two-inputs/unload');
    await unload.set('X-API-Key', 'first-key').expect(200);
    const about = [
      ...['/livez', '/readyz', '/startupz', '/metrics', '/v2', '/v2/health/live'],
      ...['/v2/health/ready', '/v2/models/stats', '/v2/repository/index'],
    ];
    const asked = (place: string, below: string) =>
      below.endsWith('/index') ? http.post(place + below) : http.get(place + below);
    for (const root of ['', '/v1'])
      for (const below of about) {
        for (const place of ['', '/models/iris', '/models/flowers', '/models/flowers/versions/1'])
          await asked(root + place, below).expect(200);
        for (const place of ['/models/none', '/models/flowers/versions/9', '/models/%20']) {
          const { status, text } = await asked(root + place, below);
          expect([status, text]).toEqual([404, expect.stringContaining('There is no model')]);
        }
        for (const [place, why] of [
          ['/models/broken', 'it cannot be loaded; the log says why.'],
          ['/models/two-inputs', 'it was unloaded.'],
        ]) {
          const { status, text } = await asked(`${root}${place}`, below);
          expect([status, text]).toEqual([503, expect.stringContaining(`is not served: ${why}`)]);
        }
      }
  });

  it('is told of to nobody without a key, where there are keys', async () => {
    const key = { 'X-API-Key': 'first-key' };
    const names = /iris|flowers|two-inputs|__proto__|模型/;
    const { http } = await startFive({ API_KEYS_FILE: keysFile(), BASE_PATH: '/v1' });
    const open = [
      ...['/', '/docs', '/openapi.json', '/openapi.yaml', '/playground/versions.json'],
      ...[
        '/readyz',
        '/livez',
        '/startupz',
        '/metrics',
        '/v2/health/ready',
        '/v2/models/none/ready',
      ],
    ];
    for (const root of ['', '/v1'])
      for (const below of open) {
        const at = `${root}/models/none${below}`;
        for (const headers of [{}, { 'X-API-Key': 'wrong' }]) {
          const { status, text } = await http.get(at).set(headers);
          expect([status, names.exec(text)?.[0]], at).toEqual([404, undefined]);
          expect(text).toContain('There is no model \\"none\\" here.');
        }
        const { text } = await http.get(at).set(key).expect(404);
        expect(text, at).toContain('this server has');
      }
    const other = await http.get('/models/flowers/versions/9/docs').expect(404);
    expect(other.text).toContain('There is no model \\"flowers\\" of version \\"9\\" here.');
    const pages = '/models/flowers/playground/versions.json';
    expect((await http.get(pages).expect(200)).body.models).toEqual([]);
    expect((await http.get(pages).set(key).expect(200)).body.models).toHaveLength(6);
  });

  it('is in the index, in the statistics and in the metrics', async () => {
    const { http } = await startFive();
    await http
      .post('/models/flowers/versions/1/predict')
      .send({ inputs: [row, row] })
      .expect(200);
    const index = (await http.post('/v2/repository/index')).body;
    expect(index.map((one: { name: string; version: string; state: string }) => one)).toEqual(
      expect.arrayContaining([
        { name: 'flowers', version: '1', state: 'READY', reason: '' },
        { name: 'flowers', version: '2', state: 'READY', reason: '' },
        { name: 'iris', version: 'v1', state: 'READY', reason: '' },
      ]),
    );
    expect(index).toHaveLength(6);
    const { model_stats: all } = (await http.get('/v2/models/stats')).body;
    expect(all).toHaveLength(6);
    const counted = all.map((one: { inference_count: number }) => one.inference_count);
    expect(counted.toSorted()).toEqual([0, 0, 0, 0, 0, 2]);
    const flowers = await http.get('/v2/models/flowers/versions/1');
    expect(flowers.body.versions).toEqual(['1', '2']);
    expect(flowers.headers).toMatchObject({ 'ml-model-name': 'flowers', 'ml-model-version': '1' });
    const { text } = await http.get('/metrics');
    expect(text).toContain(
      'ml_api_http_requests_total{route="/predict",method="POST",status="200",model="flowers",version="v1"} 1',
    );
    expect(text).toContain(
      'ml_api_predictions_total{model="flowers",label="setosa",version="v1"} 2',
    );
    expect(text).toContain('ml_api_queue_rows{model="flowers",model_version="2",version="v1"} 0');
    expect(text.match(/^ml_api_model_info\{/gm)).toHaveLength(6);
  });

  it('is found below a base path, too', async () => {
    const { http } = await startFive({ BASE_PATH: '/models/v1' });
    for (const place of ['/models/v1', '/models/v1/models/flowers', '/models/flowers'])
      await http.post(`${place}/predict`).send({ inputs: row }).expect(200);
    const { servers } = (await http.get('/models/flowers/openapi.json')).body;
    expect(servers[0].url).toBe('/models/v1/models/flowers/versions/2');
  });

  it('is found below a base path that the Open Inference Protocol has, too, and so is that', async () => {
    const { http } = await startFive({ BASE_PATH: '/v2', MODEL_VERSION: 'v2' });
    await http.post('/v2/models/flowers/predict').send({ inputs: row }).expect(200);
    const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: row };
    for (const place of ['/v2/models/flowers', '/v2/v2/models/flowers/versions/1'])
      await http
        .post(`${place}/infer`)
        .send({ inputs: [tensor] })
        .expect(200);
    expect((await http.get('/v2/models/flowers')).body.versions).toEqual(['1', '2']);
    expect((await http.get('/v2/models/flowers/model')).body.version).toBe('2');
  });

  it('has metrics of the version that the process is of, whatever that of the default model is', async () => {
    const { http } = await startFive({ DEFAULT_MODEL: 'flowers', MODEL_VERSION: 'blue' });
    await http.post('/predict').send({ inputs: row }).expect(200);
    const { text } = await http.get('/metrics');
    expect(text).toContain('status="200",model="flowers",version="blue"} 1');
    expect(text).toContain('model="flowers",model_version="2",version="blue"}');
    expect(text).toContain('model="iris",model_version="blue",version="blue"}');
  });

  it('is of the version that SPLIT calls the server, whatever that of the default model is', async () => {
    const { http } = await startFive({
      DEFAULT_MODEL: 'flowers',
      MODEL_VERSION: 'blue',
      SPLIT: 'blue=1,green=0@http://127.0.0.1:9',
    });
    await http.post('/predict').send({ inputs: row }).expect(200);
  });
});

describe('a model that cannot be loaded', () => {
  it('is named with a reason that tells nothing of this machine, and the others are served', async () => {
    const directory = fiveModels();
    mkdirSync(path.join(directory, 'broken'));
    writeFileSync(path.join(directory, 'broken/model.onnx'), 'no model');
    const { http, logs } = await start({ MODELS_DIR: directory, DEFAULT_MODEL: 'iris' });
    await http.get('/readyz').expect(200);
    await http.post('/predict').send({ inputs: row }).expect(200);
    const { status, body } = await http.post('/models/broken/predict').send({ inputs: row });
    expect(status).toBe(503);
    expect(body.detail).toBe(
      'The model "broken" is not served: it cannot be loaded; the log says why.',
    );
    await http.get('/v2/models/broken/ready').expect(503);
    const index = (await http.post('/v2/repository/index')).body;
    expect(index).toContainEqual({
      name: 'broken',
      version: '',
      state: 'UNAVAILABLE',
      reason: 'it cannot be loaded; the log says why.',
    });
    const line = logs.find(({ msg }) => msg === 'a model cannot be loaded; the others are served');
    expect(line).toMatchObject({ model: 'broken', reason: expect.stringContaining('model.onnx') });
  });

  it('ends the start where it is the default', async () => {
    const directory = modelsDir({ iris: path.join(models, 'v1') });
    mkdirSync(path.join(directory, 'broken'));
    writeFileSync(path.join(directory, 'broken/model.onnx'), 'no model');
    await expect(start({ MODELS_DIR: directory, DEFAULT_MODEL: 'broken' })).rejects.toThrow(
      'model.onnx',
    );
  });

  it('is served once its folder holds one, and others are replaced on their own', async () => {
    const directory = modelsDir({ iris: path.join(models, 'v1'), other: path.join(models, 'v1') });
    mkdirSync(path.join(directory, 'late'));
    writeFileSync(path.join(directory, 'late/model.onnx'), 'not yet');
    const { http } = await start({
      MODELS_DIR: directory,
      DEFAULT_MODEL: 'iris',
      MODEL_RELOAD_SECONDS: '1',
      LOG_LEVEL: 'silent',
    });
    await http.post('/models/late/predict').send({ inputs: row }).expect(503);
    cpSync(path.join(models, 'v2'), path.join(directory, 'late'), { recursive: true });
    cpSync(path.join(models, 'v2'), path.join(directory, 'other'), { recursive: true });
    const replaced = async (name: string) => (await http.get(`/models/${name}/model`)).body.reload;
    await expect
      .poll(() => replaced('late'), { timeout: 20_000 })
      .toMatchObject({ replaced: 1, refused: 0 });
    await expect.poll(() => replaced('other'), { timeout: 20_000 }).toMatchObject({ replaced: 1 });
    expect(await replaced('iris')).toMatchObject({ replaced: 0, refused: 0 });
    await http.post('/models/late/predict').send({ inputs: row }).expect(200);
  });
});

describe('MODELS_DIR', () => {
  const one = path.join(models, 'v1');
  it.each([
    ['without a model', {}, {}, /there is no model in .*; expected a folder for each/],
    ['that is a model', { '.': one }, {}, /has a model.onnx itself.*Set MODEL_DIR to it/],
    ['of several, no default', { b: one, a: one }, {}, /DEFAULT_MODEL is not set.*"a", "b"/],
    ['with another default', { a: one }, { DEFAULT_MODEL: 'c' }, /got "c"; .* the models "a"\./],
    ['beside MODEL_DIR', { a: one }, { MODEL_DIR: one }, /MODEL_DIR and MODELS_DIR are both set/],
    [
      'beside MODEL_NAME',
      { a: one },
      { MODEL_NAME: 'x' },
      /MODEL_NAME and MODELS_DIR are both set/,
    ],
  ])('%s is refused', async (_, places, env, message) => {
    const MODELS_DIR = modelsDir(places);
    await expect(start({ MODELS_DIR, LOG_LEVEL: 'silent', ...env })).rejects.toThrow(message);
  });

  it('with a folder that has a model and versions serves the model, and says so; the others are as they are', async () => {
    const MODELS_DIR = modelsDir({ iris: one, a: path.join(models, 'v2'), 'a/1': one });
    const { http, logs } = await start({ MODELS_DIR, DEFAULT_MODEL: 'iris' });
    expect(logs).toContainEqual(expect.objectContaining({ level: 40, folders: ['a'] }));
    const { headers } = await http.post('/models/a/predict').send({ inputs: row }).expect(200);
    expect(headers['ml-model-version']).toBe('v2');
    await http.post('/models/a/versions/1/predict').send({ inputs: row }).expect(404);
  });

  it('with a pipe in place of a model starts, without it', async () => {
    const MODELS_DIR = modelsDir({ iris: one });
    mkdirSync(path.join(MODELS_DIR, 'pipe'));
    execFileSync('mkfifo', [path.join(MODELS_DIR, 'pipe/model.onnx')]);
    const { http } = await start({ MODELS_DIR, LOG_LEVEL: 'silent' });
    await http.post('/models/pipe/predict').send({ inputs: row }).expect(404);
    await expect(start({ MODEL_DIR: path.join(MODELS_DIR, 'pipe') })).rejects.toThrow(
      /cannot be loaded as an ONNX model: it is not a file\.$/,
    );
  });

  it.each(['model.json', 'model.defaults.json', 'golden.json'])(
    'with a pipe in place of %s starts, without its model',
    async (name) => {
      const MODELS_DIR = modelsDir({ iris: one, a: one });
      const pipe = path.join(MODELS_DIR, 'a', name);
      rmSync(pipe, { force: true });
      execFileSync('mkfifo', [pipe]);
      const { http } = await start({ MODELS_DIR, DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent' });
      await http.post('/models/a/predict').send({ inputs: row }).expect(503);
      await http.post('/predict').send({ inputs: row }).expect(200);
      await expect(start({ MODEL_DIR: path.dirname(pipe) })).rejects.toThrow(
        `${pipe} cannot be read: it is not a file.`,
      );
    },
  );

  it('that is not there is refused, and DEFAULT_MODEL without it', async () => {
    await expect(start({ MODELS_DIR: '/nowhere' })).rejects.toThrow(/\/nowhere cannot be read/);
    await expect(start({ DEFAULT_MODEL: 'iris' })).rejects.toThrow(
      /DEFAULT_MODEL is set, and MODELS_DIR is not/,
    );
  });

  it('may hold links to folders, and other things, which are told of', async () => {
    const directory = modelsDir({ '..data/iris': one, '10/2': one, '10/10': one });
    symlinkSync(path.join(directory, '..data/iris'), path.join(directory, 'iris'));
    symlinkSync('loop', path.join(directory, 'loop'));
    mkdirSync(path.join(directory, 'lost+found'));
    writeFileSync(path.join(directory, 'README'), 'models');
    const { http, logs } = await start({ MODELS_DIR: directory, DEFAULT_MODEL: 'iris' });
    const index = (await http.post('/v2/repository/index')).body;
    const found = index.map(({ name, version }: { name: string; version: string }) => [
      name,
      version,
    ]);
    expect(found).toEqual([
      ['10', '2'],
      ['10', '10'],
      ['iris', 'v1'],
    ]);
    expect((await http.get('/v2/models/10/ready')).body).toEqual({ name: '10', ready: true });
    const { headers } = await http.post('/models/10/predict').send({ inputs: row });
    expect(headers['ml-model-version']).toBe('10');
    expect(logs).toContainEqual(expect.objectContaining({ folders: ['lost+found'] }));
  });
});
