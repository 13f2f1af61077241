// `ml-sdk generate`.
import path from 'node:path';
import { writeAllModels } from './all-models.ts';
import { apiKeyIn } from './api-key-file.ts';
import { type Options, optionLines, readOptions, wrongUsage } from './arguments.ts';
import type { Command } from './command.ts';
import type { ServedContract } from './contract.ts';
import { PROGRAM } from './program.ts';
import { writeTypedClient } from './typed-client.ts';

const options = {
  from: {
    type: 'string',
    value: 'URL',
    desc: 'The server, such as http://localhost:5000 or http://ml.local/v2, or one of its models:\nhttp://ml.local/models/iris',
  },
  out: {
    type: 'string',
    value: 'DIR',
    desc: 'The output folder. Default: src/ml; with --all: src/models',
  },
  all: {
    type: 'boolean',
    default: false,
    desc: 'Generate clients of all models of the server. Folders that an earlier\nrun wrote for models that are gone are removed',
  },
  skip: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    desc: 'With --all: a model to skip, such as one that is UNAVAILABLE or whose name cannot be part\nof a path. Without --skip, such a model stops the command. May be repeated',
  },
  'api-key-file': {
    type: 'string',
    value: 'FILE',
    desc: 'File whose first line is the API key to send; if the server has keys, --all needs one',
  },
} as const satisfies Options;

const usage = `Usage: ${PROGRAM} generate --from URL [--out DIR]
       ${PROGRAM} generate --all --from URL [--out DIR] [--skip NAME]...

  Generates a client for the model of a running server, with exact shapes, feature names and labels.
  Writes index.ts and types.gen.ts. With --all, it writes a folder with them for each model, and an index.ts
  with createModels(), which has a client of each. It writes everything or nothing.

${optionLines(options)}`;

export const generateCommand: Command = {
  usage,
  options,
  async run(args) {
    const { from, out, all, skip, 'api-key-file': file } = readOptions('generate', args, options);
    if (from === undefined)
      throw wrongUsage('generate', '--from URL is missing, such as --from http://localhost:5000.');
    if (skip !== undefined && !all) throw wrongUsage('generate', '--skip is for --all.');
    const apiKey = await apiKeyIn(file);
    if (all) await generateAll({ from, out: out ?? 'src/models', apiKey, skip: skip ?? [] });
    else await generateOne(from, out ?? 'src/ml', apiKey);
    return 0;
  },
};

async function generateOne(from: string, out: string, apiKey: string | undefined): Promise<void> {
  told(out, await writeTypedClient(from, out, apiKey));
}

async function generateAll(all: Parameters<typeof writeAllModels>[0]): Promise<void> {
  const { written, removed } = await writeAllModels(all);
  for (const { folder, contract } of written) told(path.join(all.out, folder), contract);
  for (const folder of removed)
    process.stdout.write(
      `${path.join(all.out, folder)}: removed; the server no longer has its model, or --skip leaves it out\n`,
    );
  const count = written.length === 1 ? 'one model' : `${written.length} models`;
  process.stdout.write(`${path.join(all.out, 'index.ts')}: createModels() for ${count}\n`);
}

function told(folder: string, { model, hash }: ServedContract): void {
  process.stdout.write(`${folder}: the client of ${model}, contract ${hash.slice(0, 12)}\n`);
}
