// How a command ends.
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Sets the exit status that the work gives; its error's where it throws, whose message goes to standard error. */
export async function exitWith(work: Promise<number>): Promise<void> {
  try {
    process.exitCode = await work;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${error instanceof CliError ? error.message : text}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}
