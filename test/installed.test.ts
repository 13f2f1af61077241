// @org/ml-api as its users get it: the packed package, installed into an empty project beside the packed SDK, and nothing downloaded.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTooOld, OLDEST_NODE } from '../server/src/oldest-node.ts';
import {
  folder as emptyFolder,
  model as irisModel,
  serveFile,
} from '../server/test/file-server.ts';
import { collect, exitOf, launch } from '../server/test/program.ts';
import { blockOf } from './docs/blocks.ts';
import { type Outcome, runNode, runProgram } from './run-program.ts';
import { bin, folder, install, packSdk, root } from './sdk/user-project.ts';

const project = folder(tmpdir());
const program = path.join(project, 'node_modules/@org/ml-api/server/dist/main.js');
let tarball = '';

beforeAll(async () => {
  const assembled = path.join(project, 'assembled');
  // From elsewhere, to a relative path.
  expect(
    await runNode(path.join(root, 'server/package.ts'), ['assembled'], { cwd: project }),
  ).toMatchObject({ code: 0, stderr: '' });
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', project, assembled]);
  tarball = path.join(project, JSON.parse(String(packed))[0].filename);
  rmSync(assembled, { recursive: true });
  const forSdk = path.join(project, 'sdk');
  mkdirSync(forSdk);
  install(project, tarball, packSdk(forSdk));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const mlApi = (...args: string[]): Promise<Outcome> =>
  runProgram(path.join(project, 'node_modules/.bin/ml-api'), args, { cwd: project });

/** Serves until the test ends. */
async function serve(env: Record<string, string> = {}) {
  const child = launch(['serve', '--try'], env, { program });
  const out = collect(child.stdout);
  await expect.poll(() => out.text).toContain('"msg":"ready"');
  const url = `http://127.0.0.1:${/"port":(\d+)/.exec(out.text)?.[1]}`;
  return { child, url };
}

const predict = async (url: string, inputs: unknown): Promise<unknown> => {
  const headers = { 'Content-Type': 'application/json' };
  return (
    await fetch(`${url}/predict`, { method: 'POST', headers, body: JSON.stringify({ inputs }) })
  ).json();
};

it('brings the SDK along and no other package, and runs no script when it is installed', () => {
  const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
  const packages: Record<string, { inBundle?: boolean; hasInstallScript?: boolean }> =
    lock.packages;
  const entries = Object.entries(packages);
  expect(entries.filter(([, { inBundle }]) => !inBundle).map(([name]) => name)).toEqual([
    '',
    'node_modules/@org/ml-api',
    'node_modules/@org/ml-sdk',
  ]);
  expect(entries.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
});

it('runs the commands of the SDK with what the project has that it is called in, as npx calls it', async () => {
  const { url } = await serve();
  const elsewhere = emptyFolder();
  writeFileSync(path.join(elsewhere, 'rows.csv'), 'a,b,c,d\n5.1,3.5,1.4,0.2\n');
  const compare = () =>
    runProgram(
      path.join(project, 'node_modules/.bin/ml-api'),
      ['compare', '--champion', url, '--challenger', url, '--data', 'rows.csv'],
      { cwd: elsewhere },
    );
  expect(await compare()).toMatchObject({
    code: 3,
    stderr:
      'To read CSV, the package csv-parse is needed. Run in your project, and then this command once more, by npx: npm install @org/ml-sdk@0.2.0 && npm install --save-dev csv-parse\n',
  });
  const packages = path.join(elsewhere, 'node_modules');
  cpSync(path.join(project, 'node_modules/@org/ml-sdk'), path.join(packages, '@org/ml-sdk'), {
    recursive: true,
  });
  expect((await compare()).stderr).toMatch(/Run: npm install --save-dev csv-parse\n$/);
  cpSync(path.join(root, 'node_modules/csv-parse'), path.join(packages, 'csv-parse'), {
    recursive: true,
  });
  expect(await compare()).toMatchObject({ code: 0, stderr: '' });
});

it('passes publint', () => {
  execFileSync(bin('publint'), ['--strict', tarball], { cwd: project, stdio: 'pipe' });
});

it('names the licence of every package that it holds', () => {
  const text = readFileSync(path.join(program, '../../../THIRD-PARTY-LICENSES'), 'utf8');
  const names = [...text.matchAll(/^(\S+) \d+\.\d+\.\d+\S* \((.+)\)$/gm)];
  expect(names.map(([, name]) => name)).toEqual(
    expect.arrayContaining(['express', '@grpc/grpc-js', 'onnxruntime-node', 'swagger-ui-dist']),
  );
  for (const [line, , license] of names)
    expect(license, line).toMatch(/MIT|Apache-2\.0|BSD|ISC|BlueOak|0BSD/);
  // Of swagger-ui-dist, as Apache-2.0 asks.
  expect(text).toContain(
    readFileSync(path.join(root, 'node_modules/swagger-ui-dist/NOTICE'), 'utf8').trim(),
  );
});

it('lists the packages that it holds, for scanners', () => {
  const list = readFileSync(path.join(program, '../../../third-party.cdx.json'), 'utf8');
  const { components } = JSON.parse(list);
  expect(components.map(({ purl }: { purl: string }) => purl.replace(/@[^@]+$/, ''))).toEqual(
    expect.arrayContaining([
      'pkg:npm/express',
      'pkg:npm/%40grpc/grpc-js',
      'pkg:npm/onnxruntime-node',
    ]),
  );
});

it('says which Node it needs, in one number', () => {
  const { engines } = JSON.parse(readFileSync(path.join(program, '../../../package.json'), 'utf8'));
  expect(engines).toEqual({ node: `>=${OLDEST_NODE}` });
  for (const page of ['README.md', 'server/README.md'])
    expect(readFileSync(path.join(root, page), 'utf8')).toMatch(
      new RegExp(`Node ${OLDEST_NODE}\\b`),
    );
});

it.each([
  ['20.19.0', true],
  ['24.4.9', true],
  ['24.5.0', false],
  ['24.10.0', false],
  ['26.0.0-nightly', false],
])('Node %s is too old: %s', (version, tooOld) => {
  expect(isTooOld(version)).toBe(tooOld);
});

it('serves the iris model, its playground and its docs, and stops when it is told to', async () => {
  const { child, url } = await serve();
  expect(await predict(url, [5.1, 3.5, 1.4, 0.2])).toEqual({ prediction: [0] });
  for (const page of ['/', '/docs', '/docs/swagger-ui-bundle.js', '/openapi.yaml'])
    expect([page, (await fetch(url + page)).status]).toEqual([page, 200]);
  child.kill('SIGTERM');
  expect(await exitOf(child)).toBe(0);
});

it('serves a model of its user, over gRPC and with serving threads too', async () => {
  const model = path.join(project, 'a model');
  cpSync(path.join(root, 'model/v2'), model, { recursive: true });
  const { url } = await serve({ MODEL_DIR: model, SERVING_THREADS: '2', GRPC_PORT: '0' });
  expect(await predict(url, [6.3, 3.3, 6, 2.5])).toEqual({ prediction: [2] });
});

it('is what startServer() of the SDK runs, in tests as docs/sdk.md has them', async () => {
  cpSync(path.join(root, 'model/v1'), path.join(project, 'model'), { recursive: true });
  const source = blockOf('docs/sdk.md', 'ts', { section: 'Tests against a real server' });
  writeFileSync(path.join(project, 'flowers.test.ts'), source);
  const { code, stdout } = await runNode('--test', ['flowers.test.ts'], { cwd: project });
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/pass 1$/m);
});

describe('its command line', () => {
  it('has the SDK commands beside its own', async () => {
    const { code, stdout } = await mlApi('--help');
    expect(code).toBe(0);
    for (const command of ['init', 'serve', 'completion', 'generate', 'compare', 'report'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect((await mlApi('generate', '--help')).stdout).toContain('ml-api generate');
    expect(await mlApi('compare', '--nothing')).toMatchObject({ code: 2, stdout: '' });
  });

  it('fetches a model from this machine and from the web', async () => {
    const { url } = await serveFile((_req, res) => res.end(irisModel));
    for (const uri of [pathToFileURL(path.join(root, 'model/v1')).href, `${url}/model.onnx`]) {
      const directory = emptyFolder();
      expect(await mlApi('fetch', uri, '--dir', directory)).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(irisModel);
    }
  });

  it('makes a project, and completes the options of the SDK commands too', async () => {
    const made = path.join(emptyFolder(), 'flowers');
    const { code, stdout: said, stderr } = await mlApi('init', made);
    expect([code, stderr]).toEqual([0, '']);
    expect(said).toContain(`npx @org/ml-api serve ${path.join(made, 'model')}\n`);
    expect(readFileSync(path.join(made, 'model/model.onnx'))).toEqual(irisModel);
    const { stdout } = await mlApi('completion', 'fish');
    expect(stdout).toContain("'__fish_seen_subcommand_from compare' -l min-agreement");
  });

  it('inspects a model', async () => {
    const { stdout } = await mlApi('inspect', path.join(root, 'model/v1/model.onnx'));
    expect(stdout).toContain('model.json');
  });
});

// A store, and what it brings along, is loaded where it is used: each must be in the bundle.
describe('its stores', () => {
  const AWS = {
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_CONFIG_FILE: '/dev/null',
  };

  it.each([
    ['s3://models/iris', (url: string) => ({ AWS_ENDPOINT_URL_S3: url, ...AWS }), 'models'],
    ['gs://models/iris', (url: string) => ({ STORAGE_EMULATOR_HOST: url }), 'models'],
    [
      'az://ours/models/iris',
      (url: string) => ({
        AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=ours;BlobEndpoint=${url}/ours;AccountKey=a2V5`,
      }),
      'models',
    ],
    ['hf://org/iris', (url: string) => ({ HF_ENDPOINT: url }), 'org/iris'],
    [
      'mlflow://iris@champion',
      (url: string) => ({ MLFLOW_TRACKING_URI: url }),
      'MLFLOW_TRACKING_URI',
    ],
    ['oci://HOST/iris:1', () => ({}), 'iris'],
  ])('%s is looked for', async (uri, env, name) => {
    const { url, calls } = await serveFile((_req, res) => {
      res.statusCode = 404;
      res.end();
    });
    const args = ['fetch', uri.replace('HOST', new URL(url).host), '--dir', emptyFolder()];
    const { code, stderr } = await runNode(program, args, { env: env(url) });
    expect(stderr).toContain(name);
    expect(stderr).not.toMatch(/^ +at |Cannot find/m);
    expect([code, calls() > 0]).toEqual([3, true]);
  });

  it("Google's credentials are those of its own library", async () => {
    const { code, stderr } = await runNode(
      program,
      ['fetch', 'gs://models/iris', '--dir', emptyFolder()],
      { env: { GOOGLE_APPLICATION_CREDENTIALS: '/dev/null' } },
    );
    expect(stderr).toContain("Google's credentials cannot be used");
    expect(code).toBe(3);
  });
});
