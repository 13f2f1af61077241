#!/usr/bin/env node
// The command `ml-sdk`.
import { parseArgs } from 'node:util';
import { CliError } from './cli-error.ts';
import { generateFrom } from './generate.ts';

const usage = `Usage: ml-sdk generate --from URL [--out DIR]

  Generates the client of a running server's own model: exact shapes, feature names and labels.

  --from URL   The server, such as http://localhost:5000 or http://ml.local/v2
  --out DIR    The folder to write; it is replaced. Default: src/ml
`;

async function main(args: string[]): Promise<void> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (values.help || positionals.length === 0) return void process.stdout.write(usage);
  if (positionals.length > 1 || positionals[0] !== 'generate')
    throw new CliError(`There is no command "${positionals.join(' ')}".\n\n${usage}`);
  if (values.from === undefined) throw new CliError(`--from is missing.\n\n${usage}`);
  const { model, hash } = await generateFrom(values.from, values.out);
  process.stdout.write(`${values.out}: the client of ${model}, contract ${hash.slice(0, 12)}\n`);
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      out: { type: 'string', default: 'src/ml' },
      help: { type: 'boolean', default: false },
    },
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof CliError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = 1;
});
