// `npm start` is told to end: by a supervisor, which signals npm alone, or by a terminal that closes, which signals all that it has.
import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { collect, exitOf } from '../server/test/program.ts';
import { root } from './sdk/user-project.ts';

it.each([
  ['SIGTERM', 'npm'],
  ['SIGINT', 'npm'],
  ['SIGHUP', 'all'], // npm passes it on to nobody
] as const)('%s to %s reaches the server, which ends by itself', async (signal, receiver) => {
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0' },
    detached: true, // npm and what it starts, to be ended together where the signal does not arrive
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('npm cannot be started');
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  onTestFinished(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // All have ended.
    }
  });
  await expect.poll(() => err.text).toContain('Stop with Ctrl-C');
  // Its output closes when the last of them has ended.
  const ended = exitOf(child);
  process.kill(receiver === 'npm' ? pid : -pid, signal);
  await ended;
  expect(out.text).toContain(`"signal":"${signal}"`);
});
