// `verify`, which `helm test` runs: it passes for the right model and says what is wrong with any other.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inputsToJson } from '../src/model/inputs.ts';
import { batchOf, sampleInputs } from '../src/model/samples.ts';
import { modelsDir } from './models-dir.ts';
import { main, run } from './program.ts';
import { keysFile, start, testModel } from './start.ts';

const golden = (version: string) =>
  new URL(`../../model/${version}/golden.json`, import.meta.url).pathname;

/** The address of a server that is not ml-api. */
async function urlOf(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('passes, target by target, and says how much it has seen', async () => {
  const { url, metricsPort } = await start({
    METRICS_PORT: '0',
    BASE_PATH: '/v1',
    LOG_LEVEL: 'silent',
  });
  const { code, stdout, stderr } = await run([
    'verify',
    ...[
      '--target',
      `service=${url}`,
      '--target',
      `ingress=${url}/v1`,
      '--host',
      'ingress=ml.local',
    ],
    ...[
      '--golden',
      golden('v1'),
      '--expect-version',
      'v1',
      '--metrics',
      `http://127.0.0.1:${metricsPort}/metrics`,
    ],
  ]);
  expect([code, stderr]).toEqual([0, '']);
  expect(
    stdout.replaceAll(/[0-9a-f]{12}/g, 'HASH'),
  ).toBe(`ok      service: contract: hash HASH is that of the served document
ok      service: predictions: 150 rows as expected
ok      ingress: contract: hash HASH is that of the served document
ok      ingress: predictions: 150 rows as expected
ok      metrics: ml_api_model_info has the same contract

All checks passed.
`);
});

it('takes golden predictions from a pipe', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const verify = `'${process.execPath}' '${main}' verify --target 'a=${url}' --golden <(cat '${golden('v1')}')`;
  const { stdout } = await promisify(execFile)('bash', ['-c', verify]);
  expect(stdout).toContain('a: predictions: 150 rows as expected');
});

it('waits for a server that is not ready at first, and says so when it stays like that', async () => {
  let asked = 0;
  const url = await urlOf((_req, res) => {
    asked++;
    res.writeHead(503).end('not yet');
  });
  const args = ['--target', `a=${url}`, '--golden', golden('v1'), '--timeout-ms', '2000'];
  const { code, stdout, stderr } = await run(['verify', ...args]);
  expect(stdout).toContain('FAILED  a: contract: status 503; expected 200: not yet');
  expect(stderr).toBe(
    `a: waiting up to 2000 ms for it to be ready: ${url}/openapi.json answers 503\n\n2 checks failed.\n`,
  );
  expect(code).toBe(1);
  expect(asked).toBeGreaterThan(1);
});

it('does not read a response without end', async () => {
  const url = await urlOf((_req, res) => {
    const more = () => {
      while (!res.destroyed && res.write(Buffer.alloc(1024 * 1024, ' ')));
    };
    res.on('drain', more);
    more();
  });
  const args = ['--target', `a=${url}`, '--golden', golden('v1'), '--timeout-ms', '60000'];
  const { code, stdout } = await run(['verify', ...args]);
  expect(stdout).toContain('the response has more than 33554432 bytes');
  expect(code).toBe(1);
});

it('waits for connections to be let through at first', async () => {
  const { url, stop } = await start({ LOG_LEVEL: 'silent' });
  await stop(); // its port is free now
  const command = run(['verify', '--target', `a=${url}`, '--golden', golden('v1')]);
  await setTimeout(1500); // it has been refused by now
  await start({ PORT: new URL(url).port, LOG_LEVEL: 'silent' });
  const { code, stdout, stderr } = await command;
  expect(stderr).toMatch(
    /^a: waiting up to 10000 ms for it to be ready: \S+: connect ECONNREFUSED.*\n$/,
  );
  expect(stdout).toContain('ok      a: predictions: 150 rows as expected');
  expect(code).toBe(0);
});

it('sends the API key', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'keys-')), 'keys');
  writeFileSync(file, 'key-1\nkey-2\n');
  const { url } = await start({ API_KEYS_FILE: file, LOG_LEVEL: 'silent' });
  const args = ['verify', '--target', `a=${url}`, '--golden', golden('v1')];
  expect((await run([...args, '--api-key-file', file])).code).toBe(0);
  const without = await run(args);
  expect(without.code).toBe(1);
  expect(without.stdout).toContain('FAILED  a: predictions: status 401; expected 200');
});

it('only asks whether they answer of servers that are not ml-api', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const { code, stdout } = await run([
    'verify',
    '--probe',
    `a=${url}/readyz`,
    '--metrics',
    `${url}/metrics`,
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok {6}a: .*\/readyz answers 200\nok {6}metrics: \d+ samples\n/);
  const other = await run(['verify', '--probe', `a=${url}/nope`, '--metrics', `${url}/readyz`]);
  expect(other.code).toBe(1);
  expect(other.stdout).toContain(`FAILED  a: ${url}/nope answered 404; expected a success`);
  expect(other.stdout).toContain('FAILED  metrics: there is no sample');
});

describe('over gRPC', () => {
  const overGrpc = async (env: Readonly<Record<string, string>>, ...args: string[]) => {
    const { grpcPort } = await start({ GRPC_PORT: '0', LOG_LEVEL: 'silent', ...env });
    const target = `--grpc=a=http://127.0.0.1:${grpcPort}`;
    return { grpcPort, ...(await run(['verify', target, ...args])) };
  };

  it('passes for the right model, and asks for its version', async () => {
    const { code, stdout } = await overGrpc(
      {},
      ...['--golden', golden('v1'), '--expect-version', 'v1', '--grpc-metadata', 'ml-version=v1'],
    );
    expect(stdout).toBe(
      'ok      a: predictions over gRPC: 150 rows as expected\n\nAll checks passed.\n',
    );
    expect(code).toBe(0);
  });

  it('sends the API key and the authority', async () => {
    const file = keysFile();
    const args = ['--golden', golden('v1'), '--host', 'a=grpc.ml.local'];
    const { code, stdout, grpcPort } = await overGrpc({ API_KEYS_FILE: file }, ...args);
    expect(stdout).toMatch(
      /^FAILED {2}a: predictions over gRPC: http:\/\/127\.0\.0\.1:\d+\/?: UNAUTHENTICATED: /,
    );
    expect(code).toBe(1);
    const target = `--grpc=a=http://127.0.0.1:${grpcPort}`;
    const withKey = await run(['verify', target, ...args, '--api-key-file', file]);
    expect(withKey.stdout).toContain('ok      a: predictions over gRPC: 150 rows');
  });

  it.each(['every-datatype', 'two-inputs', 'scores', 'line', 'text'])(
    'makes of outputs what /predict makes of them: %s',
    async (name) => {
      const { url, grpcPort, served } = await start({
        GRPC_PORT: '0',
        MODEL_DIR: testModel(name),
        LOG_LEVEL: 'silent',
      });
      const { model } = served;
      const inputs = inputsToJson(model, batchOf(sampleInputs(model, undefined).rows, 3).feeds);
      const predicted = await request(url).post('/predict').send({ inputs });
      expect(predicted.status, JSON.stringify(predicted.body)).toBe(200);
      const folder = mkdtempSync(path.join(tmpdir(), 'golden-'));
      cpSync(testModel(name), folder, { recursive: true }); // for its model.json
      const file = path.join(folder, 'golden.json');
      writeFileSync(file, JSON.stringify({ inputs, prediction: predicted.body.prediction }));
      const { code, stdout } = await run([
        'verify',
        `--grpc=a=http://127.0.0.1:${grpcPort}`,
        ...['--golden', file],
      ]);
      expect(stdout).toMatch(/^ok {6}a: predictions over gRPC: \d+ rows as expected/);
      expect(code).toBe(0);
    },
  );

  it('waits for connections to be let through at first', async () => {
    const { grpcPort, stop } = await start({ GRPC_PORT: '0', LOG_LEVEL: 'silent' });
    await stop(); // its port is free now
    const target = `--grpc=a=http://127.0.0.1:${grpcPort}`;
    const command = run(['verify', target, '--golden', golden('v1')]);
    await setTimeout(1500); // it has been refused by now
    await start({ GRPC_PORT: String(grpcPort), LOG_LEVEL: 'silent' });
    const { code, stdout, stderr } = await command;
    expect(stderr).toMatch(/^a: waiting up to 10000 ms for it to be ready: \S+ is UNAVAILABLE\n$/);
    expect(stdout).toContain('ok      a: predictions over gRPC: 150 rows as expected');
    expect(code).toBe(0);
  });

  it.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
    [
      'another model',
      {},
      'v2',
      /150 of 150 rows differ; the first: row 0, probabilities: expected/,
    ],
    ['another version', { MODEL_VERSION: 'v3' }, 'v1', /: version v3 answered; expected v1$/m],
  ])('fails for %s', async (_what, env, version, message) => {
    const args = ['--golden', golden(version), '--expect-version', 'v1'];
    const { code, stdout } = await overGrpc(env, ...args);
    expect(stdout).toMatch(message);
    expect(code).toBe(1);
  });

  it('fails where HTTP/1.1 is served, and where nothing is, in a line', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const flags = ['--golden', golden('v1'), '--timeout-ms', '1000'];
    for (const target of [url, 'http://127.0.0.1:9']) {
      const { code, stdout } = await run(['verify', `--grpc=a=${target}`, ...flags]);
      expect(stdout).toMatch(
        /^FAILED {2}a: predictions over gRPC: http:\/\/127\.0\.0\.1:\d+\/?: UNAVAILABLE: [^\n]+\n$/,
      );
      expect(code).toBe(1);
    }
  });

  it('needs golden.json, and a URL', async () => {
    const none = await run(['verify', '--grpc', 'a=http://x']);
    expect(none.stderr).toMatch(
      /^--golden FILE is missing: the predictions to expect, such as .+\. Run ml-api verify --help to see how it is used\.\n$/,
    );
    const bad = await run(['verify', '--grpc', 'a=x:8001', '--golden', golden('v1')]);
    expect(bad.stderr).toMatch(
      /^--grpc: expected an http or https URL such as http:\/\/localhost:5000, got "x:8001", without http:\/\/ or another scheme/,
    );
  });
});

describe('of a model without golden predictions', () => {
  /** The iris model as somebody brings it who has no golden predictions. */
  const bare = () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bare-'));
    for (const file of ['model.onnx', 'model.json'])
      cpSync(path.join(path.dirname(golden('v1')), file), path.join(folder, file));
    return folder;
  };
  const missing = '/no/golden.json';
  const args = ['--golden', missing, '--example-without-golden'];

  it('sends the example of its contract, where that is asked for', async () => {
    const { url } = await start({ MODEL_DIR: bare(), LOG_LEVEL: 'silent' });
    const { code, stdout } = await run(['verify', '--target', `a=${url}`, ...args]);
    expect(stdout.replaceAll(/[0-9a-f]{12}/g, 'HASH')).toBe(
      `ok      a: contract: hash HASH is that of the served document
ok      a: example: it is predicted; only a ${missing} can tell whether correctly

All checks passed.
`,
    );
    expect(code).toBe(0);
  });

  it('fails where another version predicts it', async () => {
    const { url } = await start({ MODEL_DIR: bare(), LOG_LEVEL: 'silent' });
    const command = ['verify', '--target', `a=${url}`, ...args, '--expect-version', 'v9'];
    const { code, stdout } = await run(command);
    expect(stdout).toMatch(/^FAILED {2}a: example: version .+ answered; expected v9$/m);
    expect(code).toBe(1);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['no contract', [], {}, /FAILED {2}a: example: expected a JSON object, got \[\]/],
    [
      'no prediction',
      contractWith({ row: { value: { inputs: [1] } } }),
      {},
      /expected "prediction" to be an array/,
    ],
    [
      'predictions of nothing',
      contractWith({ row: { value: { inputs: [1] } } }),
      { prediction: [] },
      /expected "prediction"/,
    ],
  ])('fails where the server has %s', async (_what, contract, prediction, message) => {
    const url = await urlOf((req, res) => {
      res.end(JSON.stringify(req.method === 'GET' ? contract : prediction));
    });
    const { code, stdout } = await run(['verify', '--target', `a=${url}`, ...args]);
    expect(stdout).toMatch(message);
    expect(code).toBe(1);
  });

  it('says where the contract has no example, and that nothing was predicted', async () => {
    const url = await urlOf((_req, res) => void res.end(JSON.stringify(contractWith(undefined))));
    const { stdout } = await run(['verify', '--target', `a=${url}`, ...args]);
    expect(stdout).toMatch(
      /^skipped a: example: there is no \/no\/golden\.json, and the served contract has no example of \/predict$/m,
    );
  });

  it('sends none where there are golden predictions', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const command = ['verify', '--target', `a=${url}`, '--golden', golden('v1')];
    const { stdout } = await run([...command, '--example-without-golden']);
    expect(stdout).toContain('150 rows as expected');
    expect(stdout).not.toContain('example');
  });

  it('says that the file is missing, where that is not asked for', async () => {
    const { code, stderr } = await run(['verify', '--target', 'a=http://a', '--golden', missing]);
    expect(stderr).toContain(`--golden: there is no file ${missing}.`);
    expect(code).toBe(3);
  });

  it('sends it to each of several that has none', async () => {
    const directory = modelsDir({ flowers: bare() });
    const env = { MODELS_DIR: directory, DEFAULT_MODEL: 'flowers', LOG_LEVEL: 'silent' };
    const { url } = await start(env);
    const command = ['verify', '--target', `a=${url}`, '--models-dir', directory];
    const { code, stdout } = await run([...command, '--example-without-golden']);
    expect(stdout).toMatch(/^ok {6}a: flowers v1: example: it is predicted;/m);
    expect(code).toBe(0);
  });
});

/** A contract with these examples of a request of `/predict`. */
function contractWith(examples: unknown) {
  const requestBody = { content: { 'application/json': { examples } } };
  return { paths: { '/predict': { post: { requestBody } } } };
}

describe('of several models', () => {
  const models = new URL('../../model/', import.meta.url).pathname;
  /** Two models with golden predictions, one of them in two versions, and one without. */
  const threeModels = () =>
    modelsDir({
      iris: path.join(models, 'v1'),
      'flowers/1': path.join(models, 'v1'),
      'flowers/2': path.join(models, 'v2'),
      'a line': testModel('line'),
    });
  const startThree = (MODELS_DIR: string, env: Readonly<Record<string, string>> = {}) =>
    start({ MODELS_DIR, DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent', ...env });
  const withoutHashes = (text: string) => text.replaceAll(/[0-9a-f]{12}/g, 'HASH');

  it('checks each that the server has, by its golden predictions where there are some', async () => {
    const directory = threeModels();
    const { url, metricsPort } = await startThree(directory, {
      BASE_PATH: '/v1',
      METRICS_PORT: '0',
      MODEL_VERSION: 'v1',
    });
    const { code, stdout, stderr } = await run([
      ...['verify', '--target', `service=${url}/v1`, '--models-dir', `${directory}/`],
      ...['--expect-version', 'v1', '--metrics', `http://127.0.0.1:${metricsPort}/metrics`],
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(
      withoutHashes(stdout).replaceAll(directory, '/models'),
    ).toBe(`ok      service: contract: hash HASH is that of the served document
ok      service: models: the server has a line v1, flowers 1, flowers 2, iris v1
ok      service: a line v1: contract: hash HASH is that of the served document
skipped service: a line v1: predictions: there is no /models/a line/golden.json
ok      service: flowers 1: contract: hash HASH is that of the served document
ok      service: flowers 1: predictions: 150 rows as expected
ok      service: flowers 2: contract: hash HASH is that of the served document
ok      service: flowers 2: predictions: 150 rows as expected
ok      service: iris v1: contract: hash HASH is that of the served document
ok      service: iris v1: predictions: 150 rows as expected
ok      metrics: ml_api_model_info has the same 4 contracts

All checks passed.
`);
  });

  it('checks each over gRPC, too', async () => {
    const directory = threeModels();
    const { grpcPort } = await startThree(directory, { GRPC_PORT: '0' });
    const target = `--grpc=a=http://127.0.0.1:${grpcPort}`;
    const args = ['verify', target, '--models-dir', directory];
    const { code, stdout } = await run([...args, '--expect-version', 'v1']);
    expect(
      stdout.replaceAll(directory, '/models'),
    ).toBe(`ok      a: models: the server has a line v1, flowers 1, flowers 2, iris v1
skipped a: a line v1: predictions over gRPC: there is no /models/a line/golden.json
ok      a: flowers 1: predictions over gRPC: 150 rows as expected
ok      a: flowers 2: predictions over gRPC: 150 rows as expected
ok      a: iris v1: predictions over gRPC: 150 rows as expected

All checks passed.
`);
    expect(code).toBe(0);
    const wrong = await run([...args, '--expect-version', 'v9']);
    expect(wrong.stdout).toContain(
      'FAILED  a: iris v1: predictions over gRPC: version v1 answered; expected v9',
    );
    expect(wrong.stdout).toContain('ok      a: flowers 2: predictions over gRPC');
  });

  it('checks those that are named, with files of their own or of yours', async () => {
    const directory = threeModels();
    const { url, grpcPort } = await startThree(directory, { GRPC_PORT: '0' });
    const targets = ['--target', `a=${url}`, '--grpc', `b=http://127.0.0.1:${grpcPort}`];
    const some = await run([
      ...['verify', ...targets, '--models-dir', directory, '--model', 'flowers', '--model', 'iris'],
    ]);
    expect(some.stdout).toContain('the server has flowers 1, flowers 2, iris v1\n');
    expect(some.stdout).not.toContain('a line');
    expect(some.code).toBe(0);
    const one = await run(['verify', ...targets, '--golden', golden('v2'), '--model', 'flowers']);
    expect(
      withoutHashes(one.stdout),
    ).toBe(`ok      a: flowers: contract: hash HASH is that of the served document
ok      a: flowers: predictions: 150 rows as expected
ok      b: flowers: predictions over gRPC: 150 rows as expected

All checks passed.
`);
    const main = await run(['verify', ...targets, '--golden', golden('v1')]);
    expect(main.stdout).toContain('ok      a: predictions: 150 rows as expected');
    expect(main.stdout).toContain('ok      b: predictions over gRPC: 150 rows as expected');
    const none = await run(['verify', ...targets, '--models-dir', directory, '--model', 'rose']);
    expect(none.stdout).toContain(
      'FAILED  a: models: there is no model "rose"; the server has "a line", "flowers", "iris"',
    );
    expect(none.code).toBe(1);
  });

  it('fails for one that predicts something else, that cannot be loaded, or whose golden.json is broken', async () => {
    const directory = threeModels();
    mkdirSync(path.join(directory, 'broken'));
    writeFileSync(path.join(directory, 'broken/model.onnx'), 'no model');
    const { url } = await startThree(directory);
    cpSync(golden('v1'), path.join(directory, 'flowers/2/golden.json'));
    writeFileSync(path.join(directory, 'flowers/1/golden.json'), 'no JSON');
    const { code, stdout, stderr } = await run([
      ...['verify', '--target', `a=${url}`, '--models-dir', directory],
    ]);
    expect(stdout).toContain(
      'FAILED  a: broken: the model is not served: it cannot be loaded; the log says why.',
    );
    expect(stdout).toMatch(/^FAILED {2}a: flowers 1: .*golden\.json is not JSON/m);
    expect(stdout).toMatch(/^FAILED {2}a: flowers 2: predictions: 150 of 150 rows differ/m);
    expect(stdout).toContain('ok      a: iris v1: predictions: 150 rows as expected');
    expect([code, stderr]).toEqual([1, '\n3 checks failed.\n']);
  });

  it('leaves out what an operator has unloaded, and says so', async () => {
    const directory = threeModels();
    const { url, http } = await startThree(directory, { OPERATOR_KEYS_FILE: keysFile() });
    const unload = http.post('/v2/repository/models/flowers/unload');
    await unload.set('X-API-Key', 'first-key').expect(200);
    const { code, stdout } = await run([
      ...['verify', '--target', `a=${url}`, '--models-dir', directory],
    ]);
    expect(stdout).toContain('skipped a: flowers 2: the model is not served: it was unloaded.');
    expect(code).toBe(0);
  });

  it('fails where nothing is verified', async () => {
    const directory = threeModels();
    const { url, http, grpcPort } = await startThree(directory, {
      OPERATOR_KEYS_FILE: keysFile(),
      GRPC_PORT: '0',
    });
    const targets = ['--target', `a=${url}`, '--grpc', `b=http://127.0.0.1:${grpcPort}`];
    const verify = (folder: string, ...args: string[]) =>
      run(['verify', ...targets, '--models-dir', folder, ...args]);

    const empty = await verify(modelsDir({}));
    expect(empty.stderr).toMatch(/^--models-dir: there is no model in .*; expected a folder for/);
    const one = await verify(path.join(models, 'v1'));
    expect(one.stderr).toMatch(
      /^--models-dir: .* has a model\.onnx itself;.* with --golden instead/,
    );
    const other = await verify(modelsDir({ rose: testModel('line') }));
    for (const target of ['a', 'b'])
      expect(other.stdout).toMatch(
        new RegExp(`^FAILED {2}${target}: predictions: nothing was checked; expected a model`, 'm'),
      );
    const without = await verify(directory, '--model', 'a line', '--model', 'iris');
    expect(without.stdout).toContain('ok      a: iris v1: predictions: 150 rows as expected');
    expect(without.stdout).toContain(
      `FAILED  a: a line: --model names it, and nothing of it was checked; expected a model that is served and has golden predictions, such as ${directory}/a line/golden.json`,
    );
    const unload = http.post('/v2/repository/models/flowers/unload');
    await unload.set('X-API-Key', 'first-key').expect(200);
    const unloaded = await verify(directory, '--model', 'flowers');
    for (const target of ['a', 'b']) {
      expect(unloaded.stdout).toContain(
        `skipped ${target}: flowers 2: the model is not served: it was unloaded.`,
      );
      expect(unloaded.stdout).toContain(
        `FAILED  ${target}: flowers: --model names it, and nothing of it was checked;`,
      );
    }
    for (const { code } of [empty, one]) expect(code).toBe(3);
    for (const { code } of [other, without, unloaded]) expect(code).toBe(1);
  });

  it('says what is only at the server, and fails for what is only in the folder', async () => {
    const directory = threeModels();
    const { url, grpcPort } = await startThree(directory, { GRPC_PORT: '0' });
    const folder = modelsDir({
      iris: path.join(models, 'v1'),
      'flowers/2': path.join(models, 'v2'),
      'flowers/3': path.join(models, 'v2'),
      rose: path.join(models, 'v1'),
    });
    const { code, stdout, stderr } = await run([
      ...['verify', '--target', `a=${url}`, '--grpc', `b=http://127.0.0.1:${grpcPort}`],
      ...['--models-dir', folder],
    ]);
    for (const [target, how] of [
      ['a', 'predictions'],
      ['b', 'predictions over gRPC'],
    ]) {
      for (const label of ['a line v1', 'flowers 1'])
        expect(stdout).toContain(
          `skipped ${target}: ${label}: ${how}: only the server has it; it is not in ${folder}\n`,
        );
      expect(stdout).toContain(`ok      ${target}: flowers 2: ${how}: 150 rows as expected`);
      for (const label of ['flowers 3', 'rose'])
        expect(stdout).toContain(
          `FAILED  ${target}: ${label}: only ${folder} has it; the server's index does not.`,
        );
    }
    expect([code, stderr]).toEqual([1, '\n4 checks failed.\n']);
  });

  it('asks for each version that the index has, whatever the folders are', async () => {
    const directory = threeModels();
    const { url } = await startThree(directory);
    const flat = modelsDir({ iris: path.join(models, 'v1'), flowers: path.join(models, 'v2') });
    const { code, stdout } = await run(['verify', '--target', `a=${url}`, '--models-dir', flat]);
    const [one, two] = ['1', '2'].map(
      (version) => new RegExp(`a: flowers ${version}: contract: hash (\\w+)`).exec(stdout)?.[1],
    );
    expect(one).not.toBe(two);
    expect(stdout).toContain('skipped a: flowers 1: predictions: only the server has it;');
    expect(stdout).toContain(`FAILED  a: flowers: only ${flat} has it;`);
    expect(code).toBe(1);
  });

  it('sends the API key, which the index needs', async () => {
    const directory = threeModels();
    const file = keysFile();
    const { url } = await startThree(directory, { API_KEYS_FILE: file });
    const args = ['verify', '--target', `a=${url}`, '--models-dir', directory];
    const without = await run(args);
    expect(without.stdout).toContain('FAILED  a: models: status 401; expected 200');
    expect((await run([...args, '--api-key-file', file])).code).toBe(0);
  });

  it('works with a server of one model, whose folder is the only one', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const directory = modelsDir({ iris: path.join(models, 'v1') });
    const { code, stdout } = await run([
      ...['verify', '--target', `a=${url}`, '--models-dir', directory],
    ]);
    expect(stdout).toContain('ok      a: iris v1: predictions: 150 rows as expected');
    expect(code).toBe(0);
  });

  it.each([
    ['no index', '{}', /FAILED {2}a: models: expected an index of models, got \{\}$/m],
    ['nothing', '', /FAILED {2}a: models: expected an index of models, got nothing$/m],
    ['none', '[]', /FAILED {2}a: models: expected an index of models, got \[\]$/m],
    [
      'an entry that is none',
      '[{"name":1}]',
      /expected an index of models, got \[\{"name":1\}\]$/m,
    ],
    [
      'a name that leads elsewhere',
      '[{"name":"../x","version":"1","state":"READY","reason":""}]',
      /FAILED {2}a: \.\.\/x 1: "\.\.\/x" is not the name of a folder$/m,
    ],
  ])('does not trust an index: %s', async (_name, body, said) => {
    const url = await urlOf((_req, res) => void res.end(body));
    const { code, stdout } = await run([
      ...['verify', '--target', `a=${url}`, '--models-dir', threeModels()],
    ]);
    expect(stdout).toMatch(said);
    expect(code).toBe(1);
  });

  it.each([
    [['--models-dir', '/nowhere'], /^--models-dir: there is no folder \/nowhere\./],
    [['--models-dir', '/', '--golden', 'x'], /^--golden and --models-dir are both given;/],
    [
      ['--golden', 'x', '--model', 'a', '--model', 'b'],
      /^--model: --golden is of one model; expected --model once, or --models-dir in place/,
    ],
  ])('says what is wrong with its options: %j', async (args, message) => {
    const { code, stderr } = await run(['verify', '--target', 'a=http://x', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(args.includes('/nowhere') ? 3 : 2);
    const probe = await run(['verify', '--probe', 'a=http://x', '--model', 'iris']);
    expect(probe.stderr).toMatch(/^--model: expected --golden or --models-dir beside it\./);
  });
});

describe('fails with what is wrong', () => {
  it('for another model', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const { code, stdout, stderr } = await run([
      'verify',
      '--target',
      `a=${url}`,
      '--golden',
      golden('v2'),
    ]);
    expect(stdout).toContain(
      'FAILED  a: predictions: 150 of 150 rows differ; the first: row 0, probabilities: expected [',
    );
    expect(stderr).toBe('\n1 check failed.\n');
    expect(code).toBe(1);
  });

  it('for a single golden row that is another', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const changed = JSON.parse(readFileSync(golden('v1'), 'utf8'));
    changed.prediction[77] = (changed.prediction[77] + 1) % 3;
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'golden-')), 'golden.json');
    writeFileSync(file, JSON.stringify(changed));
    const { stdout } = await run(['verify', '--target', `a=${url}`, '--golden', file]);
    expect(stdout).toContain(
      'FAILED  a: predictions: 1 of 150 rows differ; the first: row 77, prediction: expected',
    );
  });

  it('for another version', async () => {
    const { url } = await start({ MODEL_VERSION: 'v3', LOG_LEVEL: 'silent' });
    const { stdout } = await run([
      'verify',
      '--target',
      `a=${url}`,
      '--golden',
      golden('v1'),
      '--expect-version',
      'v1',
    ]);
    expect(stdout).toContain('FAILED  a: predictions: version v3 answered; expected v1');
  });

  it('for no server, and for metrics of another contract', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const other = await start({ MODEL_VERSION: 'v3', LOG_LEVEL: 'silent' });
    const { stdout } = await run([
      ...[
        'verify',
        '--target',
        `a=${url}`,
        '--golden',
        golden('v1'),
        '--metrics',
        `${other.url}/metrics`,
      ],
    ]);
    expect(stdout).toContain('FAILED  metrics: ml_api_model_info has another contract than');
    const none = await run([
      'verify',
      '--target',
      'a=http://127.0.0.1:9',
      '--golden',
      golden('v1'),
      '--timeout-ms',
      '300',
    ]);
    expect(none.stdout).toMatch(/FAILED {2}a: contract: http:\/\/127\.0\.0\.1:9\/openapi\.json: /);
  });

  it.each([
    [
      ['--golden', 'x'],
      /^--target, --completion or --probe is missing; expected at least one, such as/,
    ],
    [
      ['--target', 'a=http://x'],
      /^--golden FILE is missing: the predictions to expect, such as .+\. Run ml-api verify --help to see how it is used\.\n$/,
    ],
    [
      ['--target', 'http://x', '--golden', 'x'],
      /^--target: expected an http or https URL|^--target: expected NAME=VALUE/,
    ],
    [['--target', 'a=http://x', '--golden', '/nowhere'], /^--golden: there is no file \/nowhere\./],
    [
      ['--target', 'a=http://x', '--golden', 'x', '--host', 'b=c'],
      /^--host: there is no target "b"\./,
    ],
    [
      ['--target', 'a=http://x', '--golden', 'x', '--host', 'a=b', '--host', 'a=c'],
      /^--host: "a" is given more than once; expected it once\./,
    ],
    [
      [
        '--grpc',
        'a=http://x',
        '--golden',
        'model/v1/golden.json',
        '--grpc-metadata',
        'k=b',
        '--grpc-metadata',
        'k=c',
      ],
      /^--grpc-metadata: "k" is given more than once; expected it once\./,
    ],
    [
      ['--target', 'a=http://x', '--golden', 'x', '--timeout-ms', 'soon'],
      /^--timeout-ms: expected a whole number, got "soon"\./,
    ],
    [['--golde', 'x'], /^Unknown option '--golde'/],
  ])('for bad options: %j', async (args, message) => {
    const { code, stderr } = await run(['verify', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(args.includes('/nowhere') ? 3 : 2);
  });
});

it.each([
  [
    ['--target', 'a=me:hunter2@host'],
    /^--target: expected an http or https URL such as http:\/\/localhost:5000, got 15 characters that are no URL/,
  ],
  [
    ['--target', 'a=httpx://me:hunter2@h'],
    /^--target: expected an http or https URL such as http:\/\/localhost:5000, got "httpx:\/\/h"/,
  ],
  [['--target', 'http://me:hunter2@host'], /^--target: expected NAME=VALUE such as/],
  [['--target', 'http://me:hunter2@host/?a=http://b'], /^--target: expected NAME=VALUE such as/],
  [['--probe', 'a=//me:hunter2@host?token=hunter2'], /^--probe: expected an http or https URL/],
  [['--probe', 'a=http://h', 'http://me:hunter2@host'], /^There is an argument that belongs to no/],
  [['--probe', 'a=http://h', '--metrics', 'me:hunter2@h'], /^--metrics: expected an http or https/],
  [
    ['--probe', 'a=http://me:hunter2@127.0.0.1:9/x?token=hunter2', '--timeout-ms', '9'],
    /check failed/,
  ],
])('shows no password of a URL: %j', async (args, message) => {
  const { code, stdout, stderr } = await run(['verify', '--golden', golden('v1'), ...args]);
  expect(stderr).toMatch(message);
  expect(stdout + stderr).not.toContain('hunter2');
  // One is no wrong option, but a server that does not respond.
  expect(code).toBe(args.includes('--timeout-ms') ? 1 : 2);
});

describe('says what is wrong with a server that answers something else, in short lines', () => {
  const deep = '['.repeat(300_000) + ']'.repeat(300_000);
  const long = JSON.stringify('long'.repeat(200_000));
  const rows = (count: number, row: string) =>
    `{${['prediction', 'labels', 'probabilities'].map((field) => `"${field}":[${Array(count).fill(row)}]`)}}`;
  it.each([
    ['null', 'null', /expected a JSON object, got null$/],
    ['nothing', '', /expected a JSON object, got nothing$/],
    ['a list', '[1]', /expected a JSON object, got \[1\]$/],
    ['a page', '<html>\n\u001b[31m', /expected a JSON object, got <html> \[31m$/],
    ['much of another thing', long, /expected a JSON object, got "long[a-z]+$/],
    ['a deep thing', deep, /expected a JSON object, got \[+$/],
    [
      'an object without rows',
      '{}',
      /expected "prediction" to be an array of 50 rows, got nothing$/,
    ],
    ['no array', '{"prediction":{"a":1}}', /of 50 rows, got \{"a":1\}$/],
    ['more rows', rows(51, '0'), /expected "prediction" to be an array of 50 rows, got 51 rows$/],
    ['deep rows', rows(50, '[0]').replace('[0]', deep), /got (\[+…|an array nested \d+ deep)$/],
    [
      'long rows',
      rows(50, `${long.slice(0, 3000)}"`),
      /rows differ; the first: row 0, prediction: expected 0, got "long[a-z]+…$/,
    ],
    ['a deep object', `{"a":${deep}}`, /"prediction" to be an array/],
  ])('%s', async (_name, body, said) => {
    const url = await urlOf((_req, res) => {
      res.setHeader('ML-Contract-Hash', 'x'.repeat(5000)).end(body);
    });
    const args = ['--target', `a=${url}`, '--golden', golden('v1'), '--metrics', url];
    const { code, stdout, stderr } = await run(['verify', ...args]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^FAILED {2}a: contract: (expected (a JSON object|an OpenAPI document), got|the header ML-Contract-Hash is)/,
    );
    expect(lines[1]).toMatch(said);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(500);
    expect(stdout + stderr).not.toMatch(/destructure|Cannot read|call stack|JSON at position/);
    expect(code).toBe(1);
  });
});
