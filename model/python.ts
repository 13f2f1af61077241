// A Python with the packages of a requirements file, in a virtual environment that is made once and kept.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes the virtual environment `.venv` beside a requirements file, or takes the one that is there when it was made
 * for the same requirements.
 * @returns the path of its python
 * @throws Error that says what to install when there is no usable Python
 */
export function pythonFor(requirements: string): string {
  const venv = path.join(path.dirname(requirements), '.venv');
  const python = path.join(venv, 'bin/python');
  const mark = path.join(venv, 'requirements.sha256');
  const sum = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sum) return python;
  rmSync(venv, { recursive: true, force: true });
  process.stderr.write(
    `Installing ${path.relative(process.cwd(), requirements)} into ${path.relative(process.cwd(), venv)} …\n`,
  );
  run(
    'python3',
    ['-m', 'venv', venv],
    'Python 3.11 or newer with venv is needed. On Debian: apt-get install python3-venv',
  );
  run(
    python,
    ['-m', 'pip', 'install', '--quiet', '--requirement', requirements],
    'The packages could not be installed.',
  );
  writeFileSync(mark, sum);
  return python;
}

/** Runs a command to its end; @throws Error with the hint when it fails. */
export function run(command: string, args: readonly string[], hint: string): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0)
    throw new Error(`${command} failed${error ? ` (${error.message})` : ''}. ${hint}`);
}
