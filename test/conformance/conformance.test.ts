// Does the server do what its contract says? schemathesis asks every operation of the served contract, with requests
// that fit it, with requests that do not, and at the limits of every keyword, and compares the responses with it.
//
//   CONFORMANCE_SEED=7 CONFORMANCE_EXAMPLES=500 npm run test:conformance
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { keysFile, start, testModel } from '../../server/test/start.ts';

const here = import.meta.dirname;
const seed = process.env['CONFORMANCE_SEED'] ?? '20260';
/** Generated requests per operation and direction; the cases at the limits of keywords come on top. */
const examples = process.env['CONFORMANCE_EXAMPLES'] ?? '30';

let python = '';
beforeAll(() => {
  python = pythonFor(path.join(here, 'requirements.txt'));
  process.stdout.write(
    `seed ${seed}: CONFORMANCE_SEED=${seed} npm run test:conformance repeats it\n`,
  );
});

const models = [
  ['four numbers, classes', ''],
  ['a text', 'text'],
  ['two inputs that share a free size', 'two-inputs'],
  ['an image', 'one-image'],
  ['images of free sizes', 'unnamed-sizes'],
  ['a regression', 'line'],
  ['a tensor without rows, and a scalar', 'state-and-scalar'],
] as const;

it.each(models)('serves what it says: %s', async (_what, name) => {
  await conforms(modelOf(name), '');
});

it.each(models.slice(0, 3))(
  'below a base path, with keys and a port for metrics: %s',
  async (_what, name) => {
    const env = {
      ...modelOf(name),
      BASE_PATH: '/v1',
      API_KEYS_FILE: keysFile(),
      METRICS_PORT: '0',
    };
    await conforms(env, '/v1', ['--header', 'X-API-Key: first-key']);
  },
);

function modelOf(name: string): Record<string, string> {
  return name === '' ? {} : { MODEL_DIR: testModel(name) };
}

async function conforms(
  env: Readonly<Record<string, string>>,
  basePath: string,
  more: readonly string[] = [],
): Promise<void> {
  const { url } = await start({ LOG_LEVEL: 'silent', ...env });
  const folder = mkdtempSync(path.join(tmpdir(), 'conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { output, code } = await schemathesis(folder, [
    `${url}${basePath}/openapi.json`,
    ...['--checks', 'all', '--seed', seed, '--max-examples', examples],
    ...['--phases', 'examples,coverage,fuzzing', '--generation-database', 'none', '--no-color'],
    ...more,
  ]);
  // The report of a disagreement ends with the curl command that repeats it.
  expect(code, output).toBe(0);
  process.stdout.write(`${/\d+ generated.*/.exec(output)?.[0]}\n`);
}

/** Runs it beside this process, which serves what it asks. */
function schemathesis(
  cwd: string,
  args: readonly string[],
): Promise<{ output: string; code: number | null }> {
  const config = ['--config-file', path.join(here, 'schemathesis.toml')];
  const child = spawn(path.join(path.dirname(python), 'st'), [...config, 'run', ...args], {
    cwd,
    env: { ...process.env, SCHEMATHESIS_HOOKS: path.join(here, 'hooks.py') },
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ output, code }));
  });
}
