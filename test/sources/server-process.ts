// A server of another project as a process of its own, with a port that was free.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../server/test/free-port.ts';

export interface ServerProcess {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const START_MS = 120_000;

/**
 * Starts it, and waits until it answers, whatever that is.
 * @param args by the port that it is to listen on
 */
export async function startServer(
  command: string,
  args: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(command, args(port), {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, as some have children
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-4000);
    });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  for (const end = performance.now() + START_MS; ; await sleep(100)) {
    if (child.exitCode !== null)
      throw new Error(`${command} ended with ${child.exitCode}: ${said}`);
    const answers = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      () => true,
      () => false,
    );
    if (answers) return { port, url, stop };
    if (performance.now() > end) {
      await stop();
      throw new Error(`${command} did not answer at ${url}: ${said}`);
    }
  }
}
