// The options of a command: read, and shown by its usage, from one definition, which shells complete by, too.
import { parseArgs } from 'node:util';
import { UsageError } from './cli-error.ts';
import { PROGRAM } from './program.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** What its value is called, such as URL; shells complete FILE and DIR. */
  readonly value?: string;
  /** For the usage; a line break is one there. */
  readonly desc: string;
}
export type Options = Readonly<Record<string, Option>>;

/** Of the first column of a usage. */
const WIDTH = 24;

/** A line for each option, as usages have it. */
export function optionLines(options: Options): string {
  return Object.entries(options)
    .map(([name, { value, desc }]) => {
      const option = `  --${name}${value === undefined ? '' : ` ${value}`}`;
      return `${option.padEnd(WIDTH)}${desc.replaceAll('\n', `\n${' '.repeat(WIDTH)}`)}\n`;
    })
    .join('');
}

/** @throws UsageError with the problem and where to read how the command is used */
export function readOptions<const Known extends Options>(
  command: string,
  args: readonly string[],
  options: Known,
) {
  try {
    const { values, tokens } = parseArgs({ args: [...args], options, tokens: true });
    refuseRepeated(tokens, options);
    return values;
  } catch (error) {
    throw wrongUsage(command, problemOf(error, options));
  }
}

/** A problem with a command line, as sentences. */
export function wrongUsage(command: string, problem: string): UsageError {
  return new UsageError(`${problem} Run ${PROGRAM} ${command} --help to see how it is used.`);
}

/** The last would win, and nobody would see which that is in a long command, or one that is put together. */
function refuseRepeated(
  tokens: readonly { readonly kind: string; readonly name?: string }[],
  options: Options,
): void {
  const seen = new Set<string>();
  for (const { kind, name = '' } of tokens) {
    if (kind !== 'option' || options[name]?.multiple === true) continue;
    if (seen.has(name)) throw new TypeError(`--${name} is given more than once; expected it once.`);
    seen.add(name);
  }
}

function problemOf(error: unknown, options: Options): string {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const [, name = ''] = /^Option '--([\w-]+)(?: <value>)?' argument /.exec(message) ?? [];
  if (Object.hasOwn(options, name))
    return `--${name}: expected ${options[name]?.value ?? 'a value'}, got none. One that begins with a dash is written --${name}=-….`;
  const problem = `${message.split('. ')[0]?.replace(/[.]$/, '')}.`;
  const known = Object.keys(options).map((option) => `--${option}`);
  return /^(Unknown option|Unexpected argument)/.test(problem)
    ? `${problem} Options: ${known.join(', ')}.`
    : problem;
}
