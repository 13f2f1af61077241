/** A command of `ml-sdk`. */
export interface Command {
  readonly usage: string;
  /** @returns the exit status. @throws CliError for what the caller can mend */
  run(args: readonly string[]): Promise<number>;
}
