// examples/node-service: its own tests pass, its client is that of its model, and what its README says to try works.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeTypedClient } from '../../sdk/src/cli/typed-client.ts';
import { freePort } from '../../server/test/free-port.ts';
import { collect } from '../../server/test/program.ts';
import { start } from '../../server/test/start.ts';
import { blocksOf } from '../docs/blocks.ts';
import { sh } from '../docs/sh.ts';
import { folder, root } from '../sdk/user-project.ts';
import { example, npmRun } from './example.ts';

const service = example('node-service');

it('compiles, and passes its own tests against the server', async () => {
  const { code, stdout, stderr } = await npmRun('node-service', 'test');
  expect(code, stdout + stderr).toBe(0);
  const promised = blocksOf('examples/node-service/README.md')
    .find(({ language }) => language === 'text')
    ?.text.trim()
    .split('\n');
  const passed = [...stdout.matchAll(/^✔ .*(?= \()/gm)].map(([line]) => line);
  expect(passed).toEqual(promised);
});

it('has the client of its model', async () => {
  const { url } = await start({ MODEL_DIR: path.join(service, 'model'), LOG_LEVEL: 'silent' });
  const out = folder(path.join(root, '.cache'));
  onTestFinished(() => rmSync(out, { recursive: true }));
  await writeTypedClient(url, out, undefined);
  for (const file of ['index.ts', 'types.gen.ts'])
    expect(readFileSync(path.join(service, 'src/ml', file), 'utf8')).toBe(
      readFileSync(path.join(out, file), 'utf8').replaceAll(url, 'http://127.0.0.1:5050'),
    );
});

it('answers what its README says', async () => {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port) };
  const child = spawn(process.execPath, ['src/dev.ts'], { cwd: service, env });
  onTestFinished(() => void child.kill('SIGKILL')); // its server goes with it
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  await expect.poll(() => out.text + err.text).toContain('/flowers');
  const [, command = ''] = blocksOf('examples/node-service/README.md')
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text);
  const [, promised = ''] = /^# (.*)$/m.exec(command) ?? [];
  const printed = await sh(command.replace('localhost:3000', `--silent localhost:${port}`));
  const { species, probability } = JSON.parse(promised);
  expect(JSON.parse(printed)).toEqual({ species, probability: expect.closeTo(probability, 4) });
});
