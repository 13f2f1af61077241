// Commands of the docs that need no cluster, as they stand there, with a model and an address of now.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../server/test/free-port.ts';
import { start } from '../../server/test/start.ts';
import { blockOf } from './blocks.ts';
import { sh } from './sh.ts';

const root = path.resolve(import.meta.dirname, '../..');
const model = path.join(root, 'model/v2');

/** Starts what serves until the test ends. */
async function serve(command: string, port: number): Promise<void> {
  const child = spawn('bash', ['-c', command], {
    cwd: root,
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: 'ignore',
    detached: true, // npm and what it starts, to be ended together
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      {
        timeout: 60_000,
      },
    )
    .toBe(true);
}

describe.each([
  ['README.md', 'npm run sdk:generate'],
  ['docs/bring-your-own-model.md', 'npm run model:verify'],
])('%s', (page, text) => {
  it('serves your model, and gives you its client', async () => {
    const out = mkdtempSync(path.join(tmpdir(), 'docs-'));
    onTestFinished(() => rmSync(out, { recursive: true }));
    const port = await freePort();
    const [first = '', ...rest] = blockOf(page, 'sh', { text })
      .replaceAll('/path/to/model', model)
      .replaceAll('localhost:5000', `127.0.0.1:${port}`)
      .replaceAll(/--out \S+/g, `--out ${out}`)
      .split('\n');
    expect(first).toMatch(/^MODEL_DIR=\S+ npm start\b/);
    await serve(first, port);
    const printed = await sh(rest.join('\n'));
    expect(printed).toContain('the client of iris v2');
    if (text.includes('verify')) expect(printed).toContain('All checks passed.');
    expect(readFileSync(path.join(out, 'types.gen.ts'), 'utf8')).toContain("'setosa'");
  });
});

it('docs/bring-your-own-model.md inspects your model', async () => {
  const [inspect = ''] = blockOf('docs/bring-your-own-model.md', 'sh', { text: 'model:inspect' })
    .replaceAll('/path/to/model', model)
    .split('\n');
  expect(await sh(inspect)).toMatch(/inputs.*float32.*4/s);
});

it('docs/performance.md shows what memory is made of', async () => {
  await start({ LOG_LEVEL: 'silent' }); // this process loads ONNX Runtime
  const command = blockOf('docs/performance.md', 'sh').replace('PID', String(process.pid));
  expect(await sh(command)).toMatch(/^\d+(\.\d+)? \S*libonnxruntime\S*$/m);
});
