// @org/ml-api as its users get it: the packed package, installed into an empty project beside the packed SDK, and nothing downloaded.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, exitOf, launch } from '../server/test/program.ts';
import { type Outcome, runNode, runProgram } from './run-program.ts';
import { bin, folder, install, packSdk, root } from './sdk/user-project.ts';

const project = folder(tmpdir());
const program = path.join(project, 'node_modules/@org/ml-api/server/dist/main.js');
let tarball = '';

beforeAll(async () => {
  const assembled = path.join(project, 'assembled');
  expect(await runNode(path.join(root, 'server/package.ts'), [assembled])).toMatchObject({
    code: 0,
    stderr: '',
  });
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
  const child = launch(['serve', '--try'], env, program);
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

describe('its command line', () => {
  it('has the SDK commands beside its own', async () => {
    const { code, stdout } = await mlApi('--help');
    expect(code).toBe(0);
    for (const command of ['serve', 'inspect', 'verify', 'generate', 'compare', 'report'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect((await mlApi('generate', '--help')).stdout).toContain('ml-sdk generate');
    expect(await mlApi('compare', '--nothing')).toMatchObject({ code: 1, stdout: '' });
  });

  it('inspects a model', async () => {
    const { stdout } = await mlApi('inspect', path.join(root, 'model/v1/model.onnx'));
    expect(stdout).toContain('model.json');
  });
});
