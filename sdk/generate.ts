// Regenerates src/generated from openapi.yaml: `npm run sdk:generate`. With `-- --from URL [--out DIR]`, makes the
// narrower client of a running server instead.
import { spawnSync } from 'node:child_process';
import { generateOperations } from './src/cli/generate.ts';

const here = import.meta.dirname;
const args = process.argv.slice(2);

if (args.length > 0) {
  const command = [`${here}/src/cli/main.ts`, 'generate', ...args];
  process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
} else {
  await generateOperations(
    `${here}/../openapi.yaml`,
    `${here}/src/generated`,
    `${here}/tsconfig.json`,
  );
}
