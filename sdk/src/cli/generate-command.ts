// `ml-sdk generate`.
import { readOptions } from './arguments.ts';
import { CliError } from './cli-error.ts';
import type { Command } from './command.ts';
import { writeTypedClient } from './typed-client.ts';

const usage = `Usage: ml-sdk generate --from URL [--out DIR]

  Generates the client of a running server's own model: exact shapes, feature names and labels.
  Writes index.ts and types.gen.ts.

  --from URL   The server, such as http://localhost:5000 or http://ml.local/v2
  --out DIR    The folder to write into. Default: src/ml
`;

export const generateCommand: Command = {
  usage,
  async run(args) {
    const options = {
      from: { type: 'string' },
      out: { type: 'string', default: 'src/ml' },
    } as const;
    const { from, out } = readOptions(args, options, usage);
    if (from === undefined) throw new CliError(`--from is missing.\n\n${usage}`);
    const { model, hash } = await writeTypedClient(from, out);
    process.stdout.write(`${out}: the client of ${model}, contract ${hash.slice(0, 12)}\n`);
    return 0;
  },
};
