// A server of the published package, as its user starts it.
import { spawn } from 'node:child_process';
import { expect, onTestFinished } from 'vitest';
import { collect } from '../../server/test/program.ts';

/**
 * Serves until the test ends.
 * @param use of the server's address; default: a prediction by HTTP
 * @returns what that gives
 */
export async function serveAndPredict(
  [command = '', ...args]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  use: (url: string) => Promise<unknown> = predict,
): Promise<unknown> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env },
    detached: true, // with what npx starts, to be ended together
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  await expect
    .poll(() => out.text.includes('"msg":"ready"') || child.exitCode !== null, { timeout: 240_000 })
    .toBe(true);
  expect(child.exitCode, out.text + err.text).toBeNull();
  return use(`http://127.0.0.1:${/"port":(\d+)/.exec(out.text)?.[1]}`);
}

async function predict(url: string): Promise<unknown> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: [5.1, 3.5, 1.4, 0.2] }),
  });
  return response.json();
}
