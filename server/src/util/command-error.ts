/**
 * A reason to end the process that its user can mend: the message alone is shown, without a stack trace.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
