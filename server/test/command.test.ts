// The program as people and Kubernetes start it: its messages when it cannot serve, and its end.
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { collect, exitOf, launch, run } from './program.ts';
import { testModel } from './start.ts';

const iris = new URL('../../model/v1', import.meta.url).pathname;

describe('a start that cannot succeed ends with one clear message', () => {
  it.each([
    [
      'bad variables, all at once',
      { PORT: 'http', LOG_SAMPLE: '2' },
      /^Bad environment variables:\n {2}PORT: expected a whole number from 0 to 65535, got "http"\n {2}LOG_SAMPLE: expected a share from 0 to 1, got "2"\nRun ml-api serve --help to see all of them\.\n$/,
    ],
    [
      'limits that contradict',
      { MAX_ROWS: '9000' },
      /^MAX_ROWS \(9000\) is more than QUEUE_MAX_ROWS \(4096\)/,
    ],
    [
      'no model',
      { MODEL_DIR: '/nowhere' },
      /^There is no model at \/nowhere\/model\.onnx\. Name a directory that contains model\.onnx: ml-api serve DIRECTORY, or MODEL_DIR\.\n$/,
    ],
    [
      'a model by another name',
      { MODEL_DIR: withFiles({ 'iris.onnx': '', 'model.json': '{}' }) },
      /^There is no model at \/.+\/model\.onnx\. Rename "iris\.onnx" to model\.onnx\.\n$/,
    ],
    [
      'a file in the place of the directory',
      { MODEL_DIR: path.join(iris, 'model.onnx') },
      /model\.onnx is not a directory; expected the one that contains model\.onnx\.\n$/,
    ],
    [
      'a model that is not ONNX',
      { MODEL_DIR: withFiles({ 'model.onnx': 'hello' }) },
      /model\.onnx cannot be loaded as an ONNX model: .*\n$/,
    ],
    [
      'an execution provider that does not work here',
      { EXECUTION_PROVIDERS: 'cuda,cpu' },
      /libonnxruntime_providers_shared\.so(?:.|\n)*\nEXECUTION_PROVIDERS names cuda, which does not work here: \S.+\. It needs the CUDA variant of the image, a GPU and its driver \(docs\/gpu\.md\)\. Set EXECUTION_PROVIDER_FALLBACK=on to serve without it, or EXECUTION_PROVIDERS=cpu\.\n$/,
    ],
    [
      'a model without a tensor output',
      { MODEL_DIR: testModel('sequence') },
      /has no tensor output\. Export it without ZipMap/,
    ],
    [
      'a model.json that is not JSON',
      { MODEL_DIR: withIris({ 'model.json': '{name: 1}' }) },
      /model\.json is not JSON: Unexpected .+ at line 1, column \d+; expected .+\.\n$/,
    ],
    [
      'a model.json with an unknown field',
      { MODEL_DIR: withIris({ 'model.json': '{"nam": "iris"}' }) },
      /model\.json is not a valid model\.json: the document has "nam", and takes only name, version, .+\.\n$/,
    ],
    [
      'a model.json that contradicts the model',
      { MODEL_DIR: withIris({ 'model.json': '{"features": [{"name": "a"}]}' }) },
      /model\.json contradicts the model: "features" says 1 feature, but the model takes 4\.\n$/,
    ],
    [
      'labels that contradict the model',
      { MODEL_DIR: withIris({ 'model.json': '{"labels": ["a", "b"]}' }) },
      /"labels" says 2 labels, but output "probabilities" has 3 classes\.\n$/,
    ],
    [
      'an output that does not exist',
      { MODEL_DIR: withIris({ 'model.json': '{"prediction": "class"}' }) },
      /"prediction" says class, but the model's outputs are "label", "probabilities"\.\n$/,
    ],
    [
      'a golden.json without inputs',
      { MODEL_DIR: withIris({ 'golden.json': '{}' }) },
      /golden\.json needs "inputs"/,
    ],
    [
      'a golden.json with a value in place of rows',
      { MODEL_DIR: withIris({ 'golden.json': '{"inputs": 5}' }) },
      /^golden\.json does not fit the model: its "\w+" has the shape \[\], and the model takes \[.+, 4\]/,
    ],
    [
      'a golden.json with nothing in place of rows',
      { MODEL_DIR: withIris({ 'golden.json': '{"inputs": []}' }) },
      /golden\.json needs "inputs"/,
    ],
    [
      'a golden.json whose predictions are no array',
      { MODEL_DIR: withIris({ 'golden.json': '{"inputs": [[1, 2, 3, 4]], "prediction": 5}' }) },
      /golden\.json: "prediction" must be an array with a value for each row of "inputs"\.\n$/,
    ],
    [
      'a golden.json whose tolerance is no number',
      { MODEL_DIR: withIris({ 'golden.json': '{"inputs": [[1, 2, 3, 4]], "tolerance": "1e-5"}' }) },
      /golden\.json: "tolerance" must be a number, 0 or more\.\n$/,
    ],
    [
      'a golden.json that does not fit',
      { MODEL_DIR: withIris({ 'golden.json': '{"inputs": [[1, 2, 3, 4], [1]]}' }) },
      /^golden\.json does not fit the model: \/inputs\/1: expected 4 elements/,
    ],
    [
      'a golden.json of another width',
      { MODEL_DIR: withIris({ 'golden.json': '{"inputs": [[1, 2, 3]]}' }) },
      /^golden\.json does not fit the model: its "\w+" has the shape \[1, 3\], and the model takes \[.+, 4\]\. Export the model and its golden predictions together\.\n$/,
    ],
    [
      'a file of API keys that is not there',
      { API_KEYS_FILE: '/nowhere' },
      /^API_KEYS_FILE: \/nowhere cannot be read: ENOENT: it is not there\. Check the path\.\n$/,
    ],
    [
      'a directory of models that is not there',
      { MODELS_DIR: '/nowhere' },
      /^MODELS_DIR: \/nowhere cannot be read: ENOENT: it is not there\. Check the path\.\n$/,
    ],
    [
      'a file without API keys',
      { API_KEYS_FILE: path.join(withIris({ keys: '\n \n' }), 'keys') },
      /^API_KEYS_FILE: .*keys holds no key/,
    ],
    [
      'API keys in what is no file',
      { API_KEYS_FILE: '/dev/null' },
      /^API_KEYS_FILE: \/dev\/null cannot be read: it is not a file\.\n$/,
    ],
  ])('%s', async (name, env, message) => {
    const { code, stderr } = await run([], env);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    // Settings are wrong whatever is there; the rest may be there the next time.
    expect(code).toBe(/^(bad variables|limits)/.test(name) ? 2 : 3);
  });

  it('a port in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { code, stderr } = await run([], { PORT: String(port) });
    expect(stderr).toBe(
      `Port ${port} on 127.0.0.1 is in use. Set PORT to another port (0 takes a free one), or stop the process that uses it: ss -ltnp 'sport = :${port}' shows it.\n`,
    );
    expect(code).toBe(3);
  });

  it('an unknown command', async () => {
    const { code, stderr } = await run(['server'], {});
    expect(stderr).toMatch(
      /^There is no command "server"\. Commands: init, serve, .+, report\. Run ml-api --help to see what they do\.\n$/,
    );
    expect(code).toBe(2);
  });
});

it.each(['inline', 'workers'])('sends nobody telemetry (engine %s)', async (ENGINE) => {
  const home = mkdtempSync(path.join(tmpdir(), 'home-'));
  const child = launch(['serve', '--try'], { HOME: home, TMPDIR: home, ENGINE });
  const stderr = collect(child.stderr);
  await expect.poll(() => stderr.text, { timeout: 30_000 }).toContain('Stop with Ctrl-C');
  child.kill('SIGTERM');
  await exitOf(child);
  // ONNX Runtime keeps what it is about to send, and an id of the device, in the home directory.
  expect(readdirSync(home)).toEqual([]);
});

it('keeps the lines of its log where messages go to the same file', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'log-')), 'out');
  const models = mkdtempSync(path.join(tmpdir(), 'models-'));
  // Enough of them that the log is written before they are all loaded, and the banner after it.
  for (let i = 0; i < 8; i++) cpSync(iris, path.join(models, `iris-${i}`), { recursive: true });
  mkdirSync(path.join(models, 'broken'));
  writeFileSync(path.join(models, 'broken/model.onnx'), 'no model');
  const descriptor = openSync(file, 'w');
  const child = launch(
    ['serve', '--try'],
    { MODELS_DIR: models, DEFAULT_MODEL: 'iris-0', SERVING_THREADS: '1' },
    { stdio: ['ignore', descriptor, descriptor] },
  );
  closeSync(descriptor);
  const written = () => readFileSync(file, 'utf8');
  await expect.poll(written, { timeout: 30_000 }).toContain('Stop with Ctrl-C');
  await expect.poll(written, { timeout: 30_000 }).toContain('"msg":"ready"');
  child.kill('SIGTERM');
  await exitOf(child);
  const logged = written()
    .split('\n')
    .filter((line) => /[{}]/.test(line) && !line.includes('curl'));
  for (const line of logged) expect(() => JSON.parse(line), line).not.toThrow();
  expect(logged.filter((line) => line.includes('cannot be loaded'))).toHaveLength(1);
});

describe('warns in its log of what it serves in spite of', () => {
  /** The warnings of a server with these settings. */
  const warningsWith = async (env: Readonly<Record<string, string>>) => {
    const child = launch(['serve'], { SERVING_THREADS: '2', ...env });
    const out = collect(child.stdout);
    await expect.poll(() => out.text, { timeout: 30_000 }).toContain('"thread":2');
    await expect.poll(() => out.text, { timeout: 30_000 }).toMatch(/"thread":2.*"msg":"ready"/);
    child.kill('SIGTERM');
    await exitOf(child);
    const lines = out.text.trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40);
  };

  it('golden predictions that do not come out', async () => {
    const golden = JSON.parse(readFileSync(path.join(iris, 'golden.json'), 'utf8'));
    golden.prediction[3] = 1 - golden.prediction[3];
    const env = { MODEL_DIR: withIris({ 'golden.json': JSON.stringify(golden) }) };
    expect(await warningsWith(env)).toEqual([
      expect.objectContaining({
        model: 'iris',
        version: 'v1',
        reason: expect.stringMatching(
          /^golden\.json: 1 of \d+ rows differ; the first: row 3, prediction: expected 1, got 0\./,
        ),
        msg: 'the model does not predict what its golden.json says; it is served all the same',
      }),
    ]);
  });

  it.each([
    ['a row alone', iris, { inputs: [5.1, 3.5, 1.4, 0.2], prediction: [0] }],
    [
      'rows that influence each other',
      testModel('rows-influence-each-other'),
      {
        inputs: [
          ...[
            [1, 2],
            [4, 6],
            [-3, 9],
          ],
        ],
        prediction: [
          ...[
            [1 / 3, -11 / 3],
            [10 / 3, 1 / 3],
            [-11 / 3, 10 / 3],
          ],
        ],
        tolerance: 1e-5,
      },
    ],
  ])('not of golden predictions that do: %s', async (_what, model, golden) => {
    const directory = withFiles({ 'golden.json': JSON.stringify(golden) }, model);
    expect(await warningsWith({ MODEL_DIR: directory })).toEqual([]);
  });

  it('not of golden predictions in requests of more rows than are allowed', async () => {
    expect(await warningsWith({ MAX_ROWS: '10' })).toEqual([]);
  });

  it('variables whose names are nearly those of settings, and of no others', async () => {
    const others = {
      ...{ HOSTS: 'a', SORT: 'b', MODEL_URI: 'c', MODEL_URL: 'd', FETCH_MAX_BYTES: '1' },
      ...{ KUBERNETES_PORT: 'e', ML_API_SERVICE_PORT: '80', FETCH_TIMEOUT_MS: '1' },
      ...{ NODE_NAME: 'f', VERSION: '1', MODEL_ID: 'g', LOG_PATH: 'h', LOG_DATE: 'i' },
      ...{ GRPC_HOST: 'j', METRICS_HOST: 'k', MAX_RPS: '1', SESSIONS: '1' },
    };
    const slips = { MODEL_DRI: 'secret', model_name: 'secret', LOGLEVEL: 'secret', PROT: 'secret' };
    const warned = await warningsWith({ ...others, ...slips });
    expect(warned.map(({ variable, meant }) => [variable, meant])).toEqual([
      ['MODEL_DRI', 'MODEL_DIR'],
      ['model_name', 'MODEL_NAME'],
      ['LOGLEVEL', 'LOG_LEVEL'],
      ['PROT', 'PORT'],
    ]);
    expect(JSON.stringify(warned)).not.toContain('secret');
  });

  it('also beside a setting that is wrong, which a slip may have left as it was', async () => {
    const { code, stderr } = await run(['serve'], { PORT: 'x', MODEL_DRI: 'secret' });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        / PORT: expected [\s\S]+\nMODEL_DRI is not a setting, and has no effect; did you mean MODEL_DIR\?\n$/,
      ),
    ]);
    expect(stderr).not.toContain('secret');
  });
});

it('--help lists every variable with its default', async () => {
  const { code, stdout } = await run(['serve', '--help'], {});
  expect(code).toBe(0);
  for (const line of ['PORT ', 'MODEL_DIR ', 'LOG_RATE ', 'KEEP_ALIVE_TIMEOUT_MS '])
    expect(stdout).toContain(`  ${line}`);
  expect(stdout).toContain('[5000]');
});

it.each(['serve', 'fetch'])('%s --help keeps names and what they are apart', async (command) => {
  const { stdout } = await run([command, '--help'], {});
  const rows = stdout.match(/^ {2}[A-Z]+_[A-Z_]+.*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.filter((row) => !/^ {2}[A-Z_]+[A-Z0-9_]* {2,}\S/.test(row))).toEqual([]);
});

it.each([
  ['with examples', {}, '[0]'],
  ['without', { MODEL_DIR: testModel('line') }, '[3]'],
])(
  'serves, prints what to try, and ends with 0 on SIGTERM: a model %s',
  async (_, env, prediction) => {
    const child = launch(['serve', '--try'], { ...env, GRPC_PORT: '0' });
    const stderr = collect(child.stderr);
    await expect.poll(() => stderr.text, { timeout: 30_000 }).toContain('Stop with Ctrl-C');
    const url = /served at (\S+)/.exec(stderr.text)?.[1];
    const command = /-d '(.*)'/.exec(stderr.text)?.[1];
    const response = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: command ?? '',
    });
    expect(await response.text()).toBe(`{"prediction":${prediction}}`);
    expect(stderr.text).toMatch(/^ {2}gRPC {7}localhost:\d+$/m);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
  },
);

function withFiles(files: Record<string, string>, base?: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'model-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  if (base !== undefined) cpSync(base, directory, { recursive: true });
  for (const [name, content] of Object.entries(files))
    writeFileSync(path.join(directory, name), content);
  return directory;
}

/** A copy of the iris model with other files beside it. */
function withIris(files: Record<string, string>): string {
  return withFiles(files, iris);
}
