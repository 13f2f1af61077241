import { EXIT } from './exit-codes.ts';

/**
 * A reason to end the process that its user can mend: the message alone is shown, without a stack trace.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number = EXIT.failed;
}

/** The same for what is wrong with the command line, or with a setting, whatever else is there. */
export class UsageError extends CommandError {
  override readonly exitCode = EXIT.usage;
}

/** The same for a check that failed. */
export class CheckError extends CommandError {
  override readonly exitCode = EXIT.no;
}
