// The command `ml-sdk`.
import { createRequire } from 'node:module';
import { UsageError } from './cli-error.ts';
import { commands } from './commands.ts';
import { exitWith } from './exit.ts';
import { EXIT } from './exit-codes.ts';

const usage = Object.values(commands)
  .map((command) => command.usage)
  .join('\n');

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--version') {
    const { version } = createRequire(import.meta.url)('../../package.json');
    process.stdout.write(`${version}\n`);
    return EXIT.done;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage);
    return EXIT.done;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const problem = name.startsWith('-')
      ? 'A command is missing'
      : `There is no command ${JSON.stringify(name)}`;
    throw new UsageError(
      `${problem}. Commands: ${Object.keys(commands).join(', ')}. Run ml-sdk --help to see what they do.`,
    );
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.usage);
    return EXIT.done;
  }
  return await command.run(args);
}

await exitWith(main(process.argv.slice(2)));
