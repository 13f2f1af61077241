// The options of a command line: read, shown by --help and completed by shells from one definition. Whatever is not known is refused,
// by name.
import { parseArgs } from 'node:util';
import { UsageError } from '../util/command-error.ts';
import { columns } from './columns.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** What its value is called by --help, such as NAME=URL; shells complete FILE and DIR. */
  readonly value?: string;
  /** The only values that there are. */
  readonly choices?: readonly string[];
  /** For --help; a line break is one there. The first line, up to its first stop, is shown by shells. */
  readonly desc: string;
}
export type Options = Readonly<Record<string, Option>>;

/** Options that are longer have a line to themselves. */
const WIDEST = 22;

/** The options with what they are, below the argument if there is one, for --help. */
export function optionsHelp(options: Options, ...argument: (readonly [string, string])[]): string {
  const rows = Object.entries(options).map(([name, { value, desc }]): [string, string] => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    desc,
  ]);
  return columns([...argument, ...rows], WIDEST);
}

/** Environment variables with what they are and their defaults, for --help. */
export function variablesHelp(
  variables: Readonly<Record<string, { readonly default?: unknown; readonly desc?: string }>>,
): string {
  return columns(
    Object.entries(variables).map(([name, { default: fallback = 'unset', desc = '' }]) => [
      name,
      `${desc} [${fallback}]`,
    ]),
  );
}

/** @throws UsageError naming the option or argument that the command does not know */
export function readOptions<const Known extends Options>(
  command: string,
  args: readonly string[],
  options: Known,
) {
  const { argument, values } = readArguments(command, args, options);
  if (argument !== undefined) throw wrong(command, unexpected(argument, options));
  return values;
}

/**
 * The same where the command takes one argument beside its options.
 * @param variables its environment variables: whoever writes one as an option is told
 * @throws UsageError naming the option or argument that the command does not know
 */
export function readArguments<const Known extends Options>(
  command: string,
  args: readonly string[],
  options: Known,
  variables?: object,
) {
  try {
    const { values, positionals } = parsed(args, options);
    const [argument, second] = positionals;
    if (second !== undefined) throw new TypeError(unexpected(second, options));
    return { argument, values };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw wrong(command, error.message, variables);
  }
}

/** @throws TypeError that says in one sentence, without its stop, what is wrong */
export function parsed<const Known extends Options>(args: readonly string[], options: Known) {
  try {
    const { tokens, ...found } = parseArgs({
      args: withNegativeNumbers(args, options),
      options,
      strict: true,
      allowPositionals: true,
      tokens: true,
    });
    refuseRepeated(tokens, options);
    return found;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [, name = ''] =
      /^Option '(?:-\w, )?--([\w-]+)(?: <value>)?' argument /.exec(error.message) ?? [];
    if (Object.hasOwn(options, name))
      throw new TypeError(
        `--${name}: expected ${options[name]?.value ?? 'a value'}, got none; one that begins with a dash is written --${name}=-…`,
      );
    const [problem = ''] = error.message.split('. ');
    throw new TypeError(UNKNOWN.test(problem) ? beside(options, problem) : problem);
  }
}

const UNKNOWN = /^Unknown option '--?([^']+)'/;

/** That a command takes no such argument, as a sentence without its stop. */
export function unexpected(argument: string, options: Options): string {
  return beside(options, `Unexpected argument '${argument}'`);
}

/** What is wrong, with all that there is. */
function beside(options: Options, problem: string): string {
  const known = Object.keys(options).map((name) => `--${name}`);
  return known.length === 0 ? problem : `${problem}. Options: ${known.join(', ')}`;
}

/** The last would win, and nobody would see which that is in a long command, or one that is put together. */
function refuseRepeated(
  tokens: readonly { readonly kind: string; readonly name?: string }[],
  options: Options,
): void {
  const seen = new Set<string>();
  for (const { kind, name = '' } of tokens) {
    if (kind !== 'option' || options[name]?.multiple === true) continue;
    if (seen.has(name)) throw new TypeError(`--${name} is given more than once; expected it once`);
    seen.add(name);
  }
}

/** No option is a digit: what looks like a negative number after an option is its value, and the option's own sentence refuses it. */
function withNegativeNumbers(args: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const [i, arg] of args.entries()) {
    const before = joined.at(-1) ?? '';
    const isValue =
      /^-\d/.test(arg) && args[i - 1] === before && options[before.slice(2)]?.type === 'string';
    if (isValue && before.startsWith('--')) joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** A problem with a command line, as one sentence without its stop. */
export function wrongUsage(command: string, problem: string): UsageError {
  return new UsageError(`${problem}. Run ml-api ${command} --help to see how it is used.`);
}

/** @param variables see `readArguments` */
function wrong(command: string, problem: string, variables?: object): UsageError {
  const [, option] = UNKNOWN.exec(problem) ?? [];
  const instead =
    option === undefined || variables === undefined ? '' : `. ${settingInstead(option, variables)}`;
  return wrongUsage(command, `${command}: ${problem}${instead}`);
}

function settingInstead(option: string, variables: object): string {
  const variable = option.toUpperCase().replaceAll('-', '_');
  return Object.hasOwn(variables, variable)
    ? `Set the environment variable ${variable} instead`
    : 'Settings are environment variables';
}
