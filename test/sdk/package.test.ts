// The SDK as its users get it: the packed tarball, installed into an empty project.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateOperations } from '../../sdk/src/cli/generate.ts';
import { faultyServer, json } from '../../sdk/test/faulty-server.ts';
import { start } from '../../server/test/start.ts';
import { type Outcome, runNode } from '../run-program.ts';
import { bin, compile, folder, install, packSdk, root } from './user-project.ts';

// Outside the repository, where no package of ours can be found by accident.
const project = folder(tmpdir());
// Inside, where hey-api is found, as in the project of a user who has installed it.
const projectWithHeyApi = folder(path.join(root, '.cache'));
let tarball = '';

beforeAll(() => {
  tarball = packSdk(project);
  install(project, tarball);
  install(projectWithHeyApi, tarball);
});
afterAll(() => {
  for (const directory of [project, projectWithHeyApi])
    rmSync(directory, { recursive: true, force: true });
});

it('brings no other package along', () => {
  const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
  expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/@org/ml-sdk']);
});

it('can be imported, with its types', async () => {
  const errors = compile(
    project,
    `import { createClient, infer, predict, InvalidInputError, NetworkError, type Prediction, type Tensor } from '@org/ml-sdk';
import { createTfServingClient, type RowResponse } from '@org/ml-sdk/tfserving';
import { createTorchServeClient } from '@org/ml-sdk/torchserve';
const answer: () => Promise<Prediction> = () => predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
const tensor: (name: string) => Promise<Tensor | undefined> = async (name) =>
  (await infer({ model: 'iris', inputs: { x: { data: Float32Array.of(1) } } })).outputs[name];
const client = createClient({ baseUrl: 'http://127.0.0.1:9', retries: 0, version: 'v2' });
const error: unknown = await client.predict({ inputs: [[1, 2]], labels: true }).catch((thrown: unknown) => thrown);
const other = { baseUrl: 'http://127.0.0.1:9', model: 'm', retries: 0 };
const rows: Promise<RowResponse | undefined> = createTfServingClient(other).predict({ instances: [1] }).catch(() => undefined);
const torch: unknown = await createTorchServeClient(other).predict({}).catch((thrown: unknown) => thrown);
console.log(await rows, torch instanceof NetworkError);
console.log(typeof answer, typeof tensor, InvalidInputError.name, error instanceof NetworkError);
`,
  );
  expect(errors).toBe('');
  const { stdout } = await runNode(path.join(project, 'dist/use.js'));
  expect(stdout.trim()).toBe('undefined true\nfunction function InvalidInputError true');
});

it('has startServer() with its types, which says what to install where the server is missing', async () => {
  const errors = compile(
    project,
    `import { type RunningServer, startServer, type StartServerError } from '@org/ml-sdk/testing';
const used = async (): Promise<string> => {
  await using server: RunningServer = await startServer({ model: new URL('file:///model') });
  return server.url;
};
console.log(await used().catch((error: StartServerError) => error.message));
`,
  );
  expect(errors).toBe('');
  const { stdout } = await runNode(path.join(project, 'dist/use.js'), [], { cwd: project });
  expect(stdout).toBe(
    '@org/ml-api: startServer() runs the server of this package, which is not installed here. Run npm install --save-dev @org/ml-api.\n',
  );
});

it.each([
  ['a text for the inputs', "predict({ inputs: 'a' })"],
  ['an unknown field', 'predict({ inputs: [1], label: true })'],
  ['no inputs', 'predict({})'],
  ['an unknown option', "createClient({ url: 'http://ml.test' })"],
])('the types refuse %s', (_name, call) => {
  expect(
    compile(project, `import { createClient, predict } from '@org/ml-sdk';\n${call};\n`),
  ).toMatch(/use\.ts\(2,\d+\): error TS/);
});

it('bundles for a browser without anything of Node', async () => {
  const { outputFiles, warnings } = await build({
    stdin: {
      contents: "import { predict } from '@org/ml-sdk'; globalThis.predict = predict;",
      resolveDir: project,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  expect(warnings).toEqual([]);
  const [bundle] = outputFiles;
  expect(bundle?.text).not.toMatch(/node:|require\(/);
  console.log(`browser bundle: ${bundle?.contents.byteLength} bytes, minified`);
  expect(bundle?.contents.byteLength).toBeLessThan(31_500);
});

it('passes publint and attw', () => {
  execFileSync(bin('publint'), ['--strict', tarball], { cwd: project, stdio: 'pipe' });
  execFileSync(bin('attw'), ['--profile', 'esm-only', '--format', 'ascii', tarball], {
    cwd: project,
    stdio: 'pipe',
  });
});

it('is generated from the contract as it is', async () => {
  // Beside the tests that import the generated files, so into a folder of its own.
  const out = path.join(project, 'src/generated');
  await generateOperations(
    path.join(root, 'openapi.yaml'),
    out,
    path.join(root, 'sdk/tsconfig.json'),
  );
  const { status, stdout } = spawnSync('diff', ['-r', path.join(root, 'sdk/src/generated'), out], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, '']);
});

describe('ml-sdk', () => {
  const mlSdk = (where: string, ...args: string[]): Promise<Outcome> =>
    runNode(path.join(where, 'node_modules/.bin/ml-sdk'), args, { cwd: where });
  const mlSdkGenerate = (from: string, out = 'ml') =>
    mlSdk(projectWithHeyApi, 'generate', '--from', from, '--out', out);

  it('generates a client that takes exactly what the model takes, and knows its contract', async () => {
    const { url, served } = await start({ LOG_LEVEL: 'silent' });
    expect(await mlSdkGenerate(url)).toEqual({
      code: 0,
      stdout: `ml: the client of iris v1, contract ${served.contract.hash.slice(0, 12)}\n`,
      stderr: '',
    });

    const refused = (parameters: string) =>
      compile(
        projectWithHeyApi,
        `import { predict } from './ml/index.js';\nawait predict(${parameters});\n`,
      );
    const error = /use\.ts\(2,\d+\): error TS/;
    expect(refused('{ inputs: [5.1, 3.5, 1.4] }')).toMatch(error);
    expect(refused("{ inputs: ['5.1', 3.5, 1.4, 0.2] }")).toMatch(error);
    expect(refused('{ inputs: [[5.1, 3.5, 1.4, 0.2], [1]] }')).toMatch(error);
    expect(refused('{ inputs: { sepal: [1, 2, 3, 4] } }')).toMatch(error);

    const errors = compile(
      projectWithHeyApi,
      `import { contractHash, createClient, predict } from './ml/index.js';
const { prediction, labels } = await predict({ inputs: [5.1, 3.5, 1.4, 0.2], labels: true });
const first: number | undefined = prediction[0];
const label: 'setosa' | 'versicolor' | 'virginica' | undefined = labels?.[0];
const client = createClient({ timeout: 5000 });
const batch = await client.predict({ inputs: [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]] });
console.log(JSON.stringify([first, label, batch.prediction, contractHash]));
`,
    );
    expect(errors).toBe('');
    const use = path.join(projectWithHeyApi, 'dist/use.js');
    const same = await runNode(use);
    expect(same.stderr).toBe('');
    expect(JSON.parse(same.stdout)).toEqual([0, 'setosa', [0, 2], served.contract.hash]);

    const other = await start({ MODEL_DIR: path.join(root, 'model/v2'), LOG_LEVEL: 'silent' });
    const moved = await runNode(use, [], { env: { ML_API_URL: other.url } });
    expect(moved.stderr).toContain('ml-sdk: the contract of iris v2 has the hash');
  });

  it.each(['one-image', 'two-inputs', 'scores', 'every-datatype', 'state-and-scalar'])(
    'generates a client that compiles for the model %s',
    async (model) => {
      const { url } = await start({
        MODEL_DIR: path.join(root, 'server/test/models', model),
        LOG_LEVEL: 'silent',
      });
      expect(await mlSdkGenerate(url, model)).toMatchObject({ code: 0, stderr: '' });
      expect(compile(projectWithHeyApi, `import './${model}/index.js';\n`)).toBe('');
    },
  );

  it('leaves a folder alone that it did not write', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    writeFileSync(path.join(projectWithHeyApi, 'index.ts'), 'export const mine = 1;\n');
    expect(await mlSdkGenerate(url, '.')).toMatchObject({
      code: 3,
      stderr: '--out: index.ts was not written by ml-sdk. Choose another folder.\n',
    });
  });

  it('says what is wrong with --from', async () => {
    const stderrOf = async (from: string) => (await mlSdkGenerate(from, 'never')).stderr;
    expect(await stderrOf('localhost:5000')).toBe(
      '--from: expected a URL such as "http://localhost:5000", got "localhost:5000".\n',
    );
    expect(await stderrOf('http://me:secret@127.0.0.1:9')).toBe(
      '--from: must hold no user name and no password: send them in a header.\n',
    );
    expect(await stderrOf('http://127.0.0.1:9')).toBe(
      'http://127.0.0.1:9/openapi.json cannot be reached: bad port. Is the server running there?\n',
    );
    const page = await faultyServer((_req, res) => res.end('<html>'));
    expect(await stderrOf(page.url)).toBe(
      `${page.url}/openapi.json is not an OpenAPI document. Is --from right?\n`,
    );
    const petStore = await faultyServer((_req, res) =>
      json(res, 200, { openapi: '3.1.0', info: { title: 'Pets' }, paths: {} }),
    );
    expect(await stderrOf(petStore.url)).toBe(
      `${petStore.url}/openapi.json is the contract of something other than ml-api: it came without the header ML-Contract-Hash. Is --from right?\n`,
    );
    const { metricsPort } = await start({ METRICS_PORT: '0', LOG_LEVEL: 'silent' });
    expect(await stderrOf(`http://127.0.0.1:${metricsPort}`)).toBe(
      `http://127.0.0.1:${metricsPort}/openapi.json answered 404: There is nothing at "/openapi.json". There is: /metrics, /shadow/disagreements. Is --from the address of an ml-api server?\n`,
    );
    const { url } = await start({ LOG_LEVEL: 'silent' });
    expect(await stderrOf(`${url}/models/irs`)).toContain(
      'answered 404: There is no model "irs" here; this server has "iris" of version "v1". Is',
    );
  });

  it('says what to install when hey-api is missing', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const { code, stderr } = await mlSdk(project, 'generate', '--from', url);
    expect(code).toBe(3);
    expect(stderr).toContain('@hey-api/openapi-ts, which generates the types, cannot be loaded');
    expect(stderr).toContain('npm install --save-dev @hey-api/openapi-ts "typescript@<7"');
  });

  it('explains itself', async () => {
    expect(await mlSdk(project, '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: ml-sdk generate --from URL'),
    });
    expect((await mlSdk(project, '--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const stderrOf = async (...args: string[]) => (await mlSdk(project, ...args)).stderr;
    expect(await stderrOf('generat')).toBe(
      'There is no command "generat". Commands: generate, compare, report. Run ml-sdk --help to see what they do.\n',
    );
    expect(await stderrOf('generate')).toMatch(
      /^--from URL is missing, such as --from http:\/\/localhost:5000\. Run ml-sdk generate --help/,
    );
    expect(await stderrOf('--from', 'x')).toBe(
      'A command is missing. Commands: generate, compare, report. Run ml-sdk --help to see what they do.\n',
    );
    expect(await stderrOf('generate', '--form', 'x')).toMatch(/^Unknown option '--form'/);
  });
});
