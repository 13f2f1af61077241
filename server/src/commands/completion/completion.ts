// The command `completion`: what makes a shell complete the commands and their options.
import { UsageError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import type { Command, Context } from '../command.ts';
import { type Options, readArguments } from '../options.ts';
import { SDK_COMMANDS } from '../sdk-commands.ts';
import { type Completed, SCRIPTS } from './scripts.ts';

const shells = Object.keys(SCRIPTS);
const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });
const isShell = (name: string): name is keyof typeof SCRIPTS => Object.hasOwn(SCRIPTS, name);

const help = `Usage: ml-api completion SHELL

Prints a script that completes the commands of ml-api and their options.

  bash   source <(ml-api completion bash)       in ~/.bashrc
  zsh    source <(ml-api completion zsh)        in ~/.zshrc, below compinit
  fish   ml-api completion fish > ~/.config/fish/completions/ml-api.fish

The command must be installed (npm install --global @org/ml-api): shells cannot complete npx.
`;

export const completionCommand: Command = {
  options: {},
  argument: shells,
  help: () => help,
  run: completion,
};

/** @throws UsageError where no shell is named */
async function completion(args: readonly string[], { commands }: Context): Promise<void> {
  const { argument } = readArguments('completion', args, {});
  if (argument === undefined || !isShell(argument))
    throw new UsageError(
      `completion: expected ${anyOf.format(shells)}${argument === undefined ? '' : `, got ${quote(argument)}`}.`,
    );
  process.stdout.write(
    SCRIPTS[argument]([...(await loaded(commands)), ...(await commandsOfSdk())]),
  );
}

function loaded(commands: Context['commands']): Promise<Completed[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => {
      const { options, argument } = await load();
      return { name, summary, options, argument };
    }),
  );
}

/** Without the SDK, their names: they say themselves that it is missing. */
async function commandsOfSdk(): Promise<Completed[]> {
  let options: Readonly<Record<string, { readonly options: Options }>> = {};
  try {
    ({ commands: options } = await import(import.meta.resolve('@org/ml-sdk/cli/commands')));
  } catch {
    // It is not installed.
  }
  return Object.entries(SDK_COMMANDS).map(([name, summary]) => ({
    name,
    summary,
    options: options[name]?.options ?? {},
    argument: undefined,
  }));
}
