// Runs the predictor's program as a process of its own.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface How {
  readonly program?: string;
  /** Who runs it, where that is another user. */
  readonly uid?: number;
  /** Where its input is from and its output goes, where that is not to the test. */
  readonly stdio?: StdioOptions;
}

function spawnChild(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { program = main, ...user }: How,
): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    ...user,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', ...env },
  });
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts it; ended when the test ends. */
export function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  how: How = {},
): ChildProcess {
  const child = spawnChild(args, env, how);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Starts it for tests that share it, with what it has printed so far; whoever starts it ends it. */
export function spawnProgram(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawnChild(args, env, {});
  return { child, out: collect(child.stdout), err: collect(child.stderr) };
}

/** Runs it to its end. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = launch(args, env);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const code = await exitOf(child);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

/** What a stream has given so far. */
export function collect(stream: NodeJS.ReadableStream | null): { text: string } {
  const collected = { text: '' };
  stream?.on('data', (chunk) => {
    collected.text += String(chunk);
  });
  return collected;
}
