/**
 * What a program of ml-api ends with, for pipelines; server/README.md has them as a table. A signal ends it with 128 and the signal's
 * number, and `serve` with 0, as to be stopped is what it waits for. sdk/src/cli/exit-codes.ts has the same for the SDK's commands.
 */
export const EXIT = {
  /** It did what it was asked to; a check found nothing wrong. */
  done: 0,
  /** A check was made, and failed. */
  no: 1,
  /** The command line or a setting is wrong: retrying does not help. */
  usage: 2,
  /** It could not be done: a file, a model or a server is missing, or does not work. */
  failed: 3,
} as const;
