// What a command of `ml-api` is to its program, to --help and to shells.
import type { Options } from './options.ts';
import type { Files } from './serve/files.ts';

export interface Entry {
  readonly summary: string;
  /** Where it is when it is used: what a command needs takes seconds to load at a tenth of a CPU. */
  readonly load: () => Promise<Command>;
}

export interface Command {
  readonly options: Options;
  /** What its argument is, for shells; undefined where it takes none. */
  readonly argument?: 'file' | 'directory' | readonly string[];
  readonly help: () => string;
  /** @throws CommandError with the exit code that it ends with */
  run(args: readonly string[], context: Context): Promise<void>;
}

export interface Context {
  /** The name that it was called by. */
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  readonly files: Files;
  /** All of the program's, by name. */
  readonly commands: Readonly<Record<string, Entry>>;
  /** Aborts when the process is told to end; only `serve` is not ended at once. */
  readonly stopped: AbortSignal;
}
