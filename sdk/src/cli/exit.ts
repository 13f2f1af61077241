// How a command ends.
import { CliError } from './cli-error.ts';

/** Sets the exit status that the work gives; 1 where it throws, whose message goes to standard error. */
export async function exitWith(work: Promise<number>): Promise<void> {
  try {
    process.exitCode = await work;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${error instanceof CliError ? error.message : text}\n`);
    process.exitCode = 1;
  }
}
