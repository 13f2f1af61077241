// examples/mlflow: what its README shows is what it prints, with MLflow's own server.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { freePort } from '../../server/test/free-port.ts';
import { blockOf } from '../docs/blocks.ts';
import { example } from '../examples/example.ts';
import { runProgram } from '../run-program.ts';

const requirements = path.join(import.meta.dirname, 'mlflow/requirements.txt');
const packages = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\w/.test(line))
    .map((line) => line.replace(/\[.*\]/, ''));

it('is tried with the packages that it asks for', () => {
  const wanted = packages(path.join(example('mlflow'), 'requirements.txt'));
  expect(packages(requirements)).toEqual(expect.arrayContaining(wanted));
});

it('trains, registers and serves a model, and follows the alias', async () => {
  const bin = path.dirname(pythonFor(requirements));
  const [MLFLOW_PORT, PORT] = (await Promise.all([freePort(), freePort()])).map(String);
  const { code, stdout, stderr } = await runProgram('npm', ['run', '--silent', 'start'], {
    cwd: example('mlflow'),
    env: {
      MLFLOW_PORT: String(MLFLOW_PORT),
      PORT: String(PORT),
      PATH: `${bin}:${process.env['PATH']}`,
    },
  });
  expect(code, stdout + stderr).toBe(0);
  // MLflow's own lines begin with a picture.
  const printed = stdout
    .slice(stdout.indexOf('# Train'))
    .replaceAll(/^\p{Emoji_Presentation}.*\n/gmu, '');
  expect(printed.trim()).toBe(blockOf('examples/mlflow/README.md', 'text').trim());
}, 300_000);
