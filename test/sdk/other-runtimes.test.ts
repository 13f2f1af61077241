// The SDK where it is not Node that runs it: Deno and Bun, on machines that have them.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faultyServer } from '../../sdk/test/faulty-server.ts';
import { start } from '../../server/test/start.ts';
import { runProgram } from '../run-program.ts';
import { folder, install, packSdk } from './user-project.ts';

const project = folder(tmpdir());
const program = `import { createClient, InvalidInputError, TimeoutError } from '@org/ml-sdk';
const { predict, infer } = createClient({ baseUrl: globalThis.process.env.URL });
const { prediction, labels } = await predict({ inputs: [5.1, 3.5, 1.4, 0.2], labels: true });
const { outputs } = await infer({ model: 'iris', inputs: { inputs: { data: Float32Array.of(5.1, 3.5, 1.4, 0.2), shape: [1, 4] } } });
const refused = await predict({ inputs: [1] }).catch((error) => error);
const slow = createClient({ baseUrl: globalThis.process.env.HANGING, timeout: 100, retries: 0 });
const late = await slow.predict({ inputs: [1] }).catch((error) => error);
console.log(JSON.stringify({
  prediction,
  labels,
  label: String(outputs.label.data),
  refused: refused instanceof InvalidInputError && refused.errors,
  late: late instanceof TimeoutError,
}));
`;
beforeAll(() => {
  install(project, packSdk(project));
  writeFileSync(path.join(project, 'use.mjs'), program);
});
afterAll(() => rmSync(project, { recursive: true }));

it.for([
  ['node', []],
  ['deno', ['run', '--allow-env', '--allow-net']],
  ['bun', []],
] as const)('predicts, infers and fails alike on %s', async ([runtime, options], { skip }) => {
  skip(spawnSync(runtime, ['--version']).status !== 0, 'it is not installed');
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const hanging = await faultyServer(() => {});
  const { code, stdout, stderr } = await runProgram(runtime, [...options, 'use.mjs'], {
    cwd: project,
    env: { URL: url, HANGING: hanging.url },
  });
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    prediction: [0],
    labels: ['setosa'],
    label: '0',
    refused: [
      {
        pointer: '/inputs',
        detail: 'expected 4 numbers (sepal length, sepal width, petal length, petal width), got 1',
      },
    ],
    late: true,
  });
});
