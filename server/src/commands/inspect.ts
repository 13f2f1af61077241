// The command `inspect`: what an ONNX file takes and gives, what the server makes of it, and the model.json it could have.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { inputsSchema } from '../model/contract/input-schema.ts';
import type { Manifest } from '../model/manifest.ts';
import { describeModel, type Model } from '../model/model.ts';
import type { RowMode, Signature, TensorSpec } from '../runtime/signature.ts';
import { identifier } from '../sources/stores/identifier.ts';
import { CommandError } from '../util/command-error.ts';
import type { Command } from './command.ts';
import { openModel } from './open-model.ts';
import { type Options, optionsHelp, readArguments, wrongUsage } from './options.ts';
import { suggestManifest } from './suggested-manifest.ts';

const options = {
  json: { type: 'boolean', desc: 'Print the same as one JSON document.' },
} as const satisfies Options;

const help = `Usage: ml-api inspect FILE [--json]

Prints the inputs and outputs of an ONNX model, an example request, and a model.json to start from.

${optionsHelp(options)}
`;

export const inspectCommand: Command = {
  options,
  argument: 'file',
  help: () => help,
  run: inspect,
};

/** As many rows as a request may have by default. */
const MAX_ROWS = 1024;

/** @throws CommandError without a file; ModelLoadError for one that cannot be served, with what to do */
async function inspect(args: readonly string[]): Promise<void> {
  const { argument: file, values } = readArguments('inspect', args, options);
  if (!file)
    throw wrongUsage(
      'inspect',
      `inspect: expected one ONNX file, such as model.onnx, got ${file === undefined ? 'none' : 'an empty name'}`,
    );
  const signature = await readSignature(file);
  const model = describeModel(signature, {}, { name: nameOf(file), version: undefined }, file);
  const manifest = suggestManifest(model);
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ...signature, rows: model.rowMode, task: model.task, manifest }, null, 2)}\n`
      : report(file, model, manifest),
  );
}

async function readSignature(file: string): Promise<Signature> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new CommandError(`There is no file ${file}.`);
  });
  if (found?.isDirectory())
    throw new CommandError(
      `${file} is a directory; expected an ONNX file, such as ${path.join(file, 'model.onnx')}.`,
    );
  const session = await openModel(file);
  await session.release();
  return session.signature;
}

/** The folder's name where the file is called as the server wants it, else the file's. */
function nameOf(file: string): string {
  const base = path.basename(file, path.extname(file));
  const name = base === 'model' ? path.basename(path.dirname(path.resolve(file))) : base;
  return identifier(name) ?? '';
}

const meaning: Readonly<Record<RowMode, string>> = {
  many: 'a request holds a row, or a batch of rows',
  one: 'a request holds one row: dimension 0 of the inputs is 1',
  none: 'a request holds whole tensors: the inputs have no dimension of rows in common',
};

function report(file: string, model: Model, manifest: Manifest): string {
  const { signature, task, prediction } = model;
  const { forms } = inputsSchema(model, MAX_ROWS);
  const requests = [...forms].map(([at, { either }]) => `  ${at}  ${either.description}`);
  return `${file} can be served.

inputs
${signature.inputs.map(line).join('\n')}
outputs
${signature.outputs.map(line).join('\n')}

rows  ${meaning[model.rowMode]}
task  ${task}: "prediction" comes from the output "${prediction.name}"

contract, in the body of POST /predict
${requests.join('\n')}

model.json to start from: fill in what you know, and delete the rest
${JSON.stringify(manifest, null, 2)}
`;
}

function line({ name, datatype, shape }: TensorSpec): string {
  const sizes = shape.map((size) => (size === -1 || size === '' ? '?' : size)).join(', ');
  return `  ${name}  ${datatype} [${sizes}]`;
}
