// Regenerates src/generated from openapi.yaml: `npm run sdk:generate`. With `-- --from URL [--out DIR]`, makes the
// narrower client of a running server instead.
import { exitWith } from './src/cli/exit.ts';
import { generateOperations } from './src/cli/generate.ts';
import { generateCommand } from './src/cli/generate-command.ts';

const here = import.meta.dirname;
const args = process.argv.slice(2);

if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(generateCommand.usage);
} else if (args.length > 0) {
  await exitWith(generateCommand.run(args));
} else {
  await generateOperations(
    `${here}/../openapi.yaml`,
    `${here}/src/generated`,
    `${here}/tsconfig.json`,
  );
}
