// The options of a command: read, and shown by its usage, from one definition, which shells complete by, too.
import { parseArgs } from 'node:util';
import { UsageError } from './cli-error.ts';

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

/** @throws UsageError with the problem and how the command is used */
export function readOptions<const Known extends Options>(
  args: readonly string[],
  options: Known,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${problemOf(error, options)}\n\n${usage}`);
  }
}

function problemOf(error: unknown, options: Options): string {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const [, name = ''] = /^Option '--([\w-]+)(?: <value>)?' argument /.exec(message) ?? [];
  if (!Object.hasOwn(options, name)) return message;
  return `--${name}: expected ${options[name]?.value ?? 'a value'}, got none. One that begins with a dash is written --${name}=-….`;
}
