// Regenerates src/generated from openapi.yaml: `npm run sdk:generate`. With `-- --from URL`, makes the narrower
// client of a running server instead.
import { spawnSync } from 'node:child_process';
import { generateClient } from './src/cli/generate.ts';

const here = import.meta.dirname;
const args = process.argv.slice(2);

if (args.length > 0) {
  const command = [`${here}/src/cli/main.ts`, 'generate', ...args];
  process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
} else {
  const generated = `${here}/src/generated`;
  await generateClient(
    `${here}/../openapi.yaml`,
    generated,
    '../runtime.js',
    `${here}/tsconfig.json`,
  );
}
