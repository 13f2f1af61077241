import { EXIT } from './exit-codes.ts';

/** A mistake that the caller of the command can mend: the message alone is shown. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number = EXIT.failed;
}

/** The same for what is wrong with the command line, whatever else is there. */
export class UsageError extends CliError {
  override readonly exitCode = EXIT.usage;
}
