// Clients that know nothing of this project: Triton's and KServe's own, in Python.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { start } from '../../server/test/start.ts';
import { blockOf } from '../docs/blocks.ts';

const here = import.meta.dirname;
const run = promisify(execFile); // not blocking: this process serves what they call

it.each([
  ['the address of a server', ''],
  ["a version's path", '/v1'],
])('tritonclient and kserve predict at %s', async (_name, basePath) => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { url, grpcPort } = await start({
    BASE_PATH: '/v1',
    GRPC_PORT: '0',
    LOG_LEVEL: 'silent',
  });
  const golden = path.resolve(here, '../../model/v1/golden.json');
  const { stdout } = await run(python, [
    path.join(here, 'clients.py'),
    url + basePath,
    `127.0.0.1:${grpcPort}`,
    golden,
  ]);
  process.stdout.write(stdout);
  expect(stdout.trim().split('\n').at(-1)).toBe('ok  kserve over gRPC: raw input False');
});

it("Triton's client predicts over gRPC", async () => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { grpcPort } = await start({ GRPC_PORT: '0', LOG_LEVEL: 'silent' });
  const golden = path.resolve(here, '../../model/v1/golden.json');
  const { stdout } = await run(python, [
    path.join(here, 'triton_grpc.py'),
    `127.0.0.1:${grpcPort}`,
    golden,
  ]);
  process.stdout.write(stdout);
  expect(stdout.trim().split('\n').at(-1)).toBe('ok  tritonclient over gRPC: loading is refused');
});

it('the program of docs/open-inference-protocol.md gives what it says', async () => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { url } = await start({ BASE_PATH: '/v1', LOG_LEVEL: 'silent' });
  const block = blockOf('docs/open-inference-protocol.md', 'python');
  const [, expression = '', promised] = /^(client\.infer.*\S) +# (.*)$/m.exec(block) ?? [];
  const program = block
    .replace('ml.local', new URL(url).host)
    .replace(expression, `print(repr(${expression}))`);
  const { stdout } = await run(python, ['-c', program]);
  expect(stdout.trim()).toBe(promised);
});
