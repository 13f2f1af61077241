// The options of a command line: whatever is not known is refused, by name.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CommandError } from '../util/command-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** @throws CommandError naming the option or argument that the command does not know */
export function readOptions<const Known extends Options>(
  command: string,
  args: readonly string[],
  options: Known,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new CommandError(
      `${command}: ${error.message.split('. ')[0]}. It takes ${known.length === 0 ? 'no arguments' : known.join(', ')}; settings are environment variables. Run ${command} --help to see all of them.`,
    );
  }
}
