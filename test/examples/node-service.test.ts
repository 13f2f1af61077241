// examples/node-service: its own tests pass, its client is that of its model, and what its README says to try works.
import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../server/test/free-port.ts';
import { collect } from '../../server/test/program.ts';
import { blocksOf } from '../docs/blocks.ts';
import { sh } from '../docs/sh.ts';
import { example, expectClientInStep, npmRun } from './example.ts';

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

it('has the client of its model', () => expectClientInStep('node-service', 'model'));

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
