/** What a command ends with, for pipelines: the same as the server's commands (server/src/util/exit-codes.ts). */
export const EXIT = {
  /** It did what it was asked to. */
  done: 0,
  /** A check was made, and failed. */
  no: 1,
  /** The command line is wrong: retrying does not help. */
  usage: 2,
  /** It could not be done: a file or a server is missing, or does not work. */
  failed: 3,
} as const;
