// The command `ml-sdk`.
import { CliError } from './cli-error.ts';
import type { Command } from './command.ts';
import { compareCommand } from './compare/command.ts';
import { exitWith } from './exit.ts';
import { generateCommand } from './generate-command.ts';
import { reportCommand } from './report/command.ts';

const commands: Readonly<Record<string, Command>> = {
  generate: generateCommand,
  compare: compareCommand,
  report: reportCommand,
};
const usage = Object.values(commands)
  .map((command) => command.usage)
  .join('\n');

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const problem = name.startsWith('-')
      ? `A command is missing: ${Object.keys(commands).join(', ')}.`
      : `There is no command "${name}".`;
    throw new CliError(`${problem}\n\n${usage}`);
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.usage);
    return 0;
  }
  return await command.run(args);
}

await exitWith(main(process.argv.slice(2)));
