// The folders of examples/, and how their commands are run.
import path from 'node:path';
import { type Outcome, runProgram } from '../run-program.ts';

/** The folder of an example. */
export const example = (name: string): string =>
  path.resolve(import.meta.dirname, '../../examples', name);

/** Runs a script of an example's package.json. */
export function npmRun(name: string, ...script: readonly string[]): Promise<Outcome> {
  return runProgram('npm', ['run', '--silent', ...script], { cwd: example(name) });
}
