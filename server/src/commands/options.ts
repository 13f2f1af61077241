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
  const { argument, values } = readArguments(command, args, options);
  if (argument !== undefined) throw unknown(command, `Unexpected argument '${argument}'`, options);
  return values;
}

/**
 * The same where the command takes one argument beside its options.
 * @throws CommandError naming the option or argument that the command does not know
 */
export function readArguments<const Known extends Options>(
  command: string,
  args: readonly string[],
  options: Known,
) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: true,
    });
    const [argument, second] = positionals;
    if (second !== undefined) throw new TypeError(`Unexpected argument '${second}'`);
    return { argument, values };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw unknown(command, error.message.split('. ')[0] ?? '', options);
  }
}

function unknown(command: string, problem: string, options: Options): CommandError {
  const known = Object.keys(options).map((name) => `--${name}`);
  return new CommandError(
    `${command}: ${problem}. It takes ${known.length === 0 ? 'no arguments' : known.join(', ')}; settings are environment variables. Run ${command} --help to see all of them.`,
  );
}
