// Runs a program while this process goes on, which may be serving it.
import { execFile } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program gets beside its arguments. */
export interface Surroundings {
  /** Added to this process' own variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Failing is an outcome, too: nothing is thrown. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, cwd }: Surroundings = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, ...env }, cwd },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

export function runNode(
  file: string,
  args: readonly string[] = [],
  surroundings: Surroundings = {},
): Promise<Outcome> {
  return runProgram(process.execPath, [file, ...args], surroundings);
}

/** Runs a script of bash. */
export function runBash(script: string, surroundings: Surroundings = {}): Promise<Outcome> {
  return runProgram('bash', ['-c', script], surroundings);
}
