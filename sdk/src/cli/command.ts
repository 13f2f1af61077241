import type { Options } from './arguments.ts';

/** A command of `ml-sdk`. */
export interface Command {
  readonly usage: string;
  readonly options: Options;
  /** @returns the exit status. @throws CliError for what the caller can mend */
  run(args: readonly string[]): Promise<number>;
}
