#!/usr/bin/env node
// The command `ml-sdk`.
import { parseArgs } from 'node:util';
import { CliError } from './cli-error.ts';
import { writeTypedClient } from './typed-client.ts';

const usage = `Usage: ml-sdk generate --from URL [--out DIR]

  Generates the client of a running server's own model: exact shapes, feature names and labels.
  Writes index.ts and types.gen.ts.

  --from URL   The server, such as http://localhost:5000 or http://ml.local/v2
  --out DIR    The folder to write into. Default: src/ml
`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help || args.length === 0) {
    process.stdout.write(usage);
    return;
  }
  if (positionals.length !== 1 || positionals[0] !== 'generate')
    throw new CliError(
      positionals.length === 0
        ? `The command "generate" is missing.\n\n${usage}`
        : `There is no command "${positionals.join(' ')}".\n\n${usage}`,
    );
  if (values.from === undefined) throw new CliError(`--from is missing.\n\n${usage}`);
  const { model, hash } = await writeTypedClient(values.from, values.out);
  process.stdout.write(`${values.out}: the client of ${model}, contract ${hash.slice(0, 12)}\n`);
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        out: { type: 'string', default: 'src/ml' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${error instanceof CliError ? error.message : text}\n`);
  process.exitCode = 1;
});
