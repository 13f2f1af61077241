// Other programs: run to their end, with what they said on failure.
import { execFile, type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { ClusterError } from './cluster-error.ts';

const execFileAsync = promisify(execFile);

/** Aborted by Ctrl-C: what runs is ended, and what has not begun does not begin. */
export const interruption = new AbortController();

/**
 * Runs a program to its end and gives its standard output.
 * @throws {ClusterError} with the end of what it wrote to standard error.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const running = execFileAsync(command, args, {
    env: options.env ?? process.env,
    maxBuffer: 64 * 1024 * 1024,
    signal: interruption.signal,
  });
  running.child.stdin?.on('error', () => {}); // it may end without reading: its status tells
  running.child.stdin?.end(options.input ?? '');
  try {
    return (await running).stdout;
  } catch (error) {
    throw failure(command, args, error);
  }
}

/** Runs a program whose progress is worth seeing: what it writes goes to standard error. */
export async function runAloud(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(command, args, {
    ...options,
    stdio: ['ignore', process.stderr, process.stderr],
    signal: interruption.signal,
    killSignal: 'SIGINT',
  });
  try {
    const [status] = await once(child, 'close');
    if (status === 0) return;
  } catch (error) {
    throw failure(command, args, error);
  }
  throw new ClusterError(`"${command} ${args.join(' ')}" failed: see the lines above.`);
}

/** Whether a program can be started and ends well. */
export function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** For cleaning up: cannot be interrupted, and failing is no error, because there may be nothing to clean. */
export function attempt(command: string, args: readonly string[], options: SpawnSyncOptions = {}) {
  spawnSync(command, args, { stdio: 'ignore', ...options });
}

/**
 * Tries until it gives something; undefined and ClusterErrors mean "not yet".
 * @param check is called before each try; what it throws ends the waiting.
 */
export async function eventually<T>(
  what: string,
  seconds: number,
  attemptOnce: () => Promise<T | undefined>,
  check: () => void = () => {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = '';
  while (Date.now() < deadline) {
    interruption.signal.throwIfAborted();
    check();
    try {
      const value = await attemptOnce();
      if (value !== undefined) return value;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      last = ` Last answer: ${error.message}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new ClusterError(`${what}: not within ${seconds} seconds.${last}`);
}

function failure(command: string, args: readonly string[], error: unknown): unknown {
  if (interruption.signal.aborted || !(error instanceof Error)) return error;
  const said = 'stderr' in error ? String(error.stderr).trim() : '';
  const reason = said === '' ? error.message : said.split('\n').slice(-5).join('\n');
  return new ClusterError(`"${command} ${args.join(' ')}" failed: ${reason}`);
}
