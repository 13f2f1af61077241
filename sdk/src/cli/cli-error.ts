/** A mistake that the caller of the command can mend: the message alone is shown. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
