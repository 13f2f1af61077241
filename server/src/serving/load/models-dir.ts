// A directory of models: a folder for each, with its files, or with a folder for each of its versions. Triton has the same layout.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import { whyUnreadable } from '../../util/why-unreadable.ts';

/** Where one version of a model is. */
export interface ModelPlace {
  /** Of its folder; undefined where only its files tell. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly directory: string;
}

export interface ModelsDir {
  /** By name, each model's by version. */
  readonly places: readonly ModelPlace[];
  /** Folders without a model: volumes have some of their own. */
  readonly others: readonly string[];
  /** Folders that have a model and versions: the model is served. */
  readonly ambiguous: readonly string[];
}

/** What the directory is named by, for errors, and what to do with one model. */
const AS_VARIABLE = { name: 'MODELS_DIR', ofOne: 'Set MODEL_DIR to it instead.' };

const MODEL_FILE = 'model.onnx';
const VERSION = /^[1-9]\d{0,17}$/;

/** Whether a folder of this name has a version of a model. */
export function isVersion(name: string): boolean {
  return VERSION.test(name);
}

/** @throws CommandError where there is no model, or no directory of models */
export async function readModelsDir(
  root: string,
  option: Readonly<typeof AS_VARIABLE> = AS_VARIABLE,
): Promise<ModelsDir> {
  if (await isThere(path.join(root, MODEL_FILE)))
    throw new CommandError(
      `${option.name}: ${root} has a ${MODEL_FILE} itself; expected a folder for each model. ${option.ofOne}`,
    );
  const places: ModelPlace[] = [];
  const others: string[] = [];
  const ambiguous: string[] = [];
  for (const name of await foldersIn(root, option.name)) {
    const directory = path.join(root, name);
    const versions = await versionsOf(directory, name, option.name);
    const isModel = await isThere(path.join(directory, MODEL_FILE));
    if (isModel && versions.length > 0) ambiguous.push(name);
    else if (!isModel && versions.length === 0) others.push(name);
    places.push(...(isModel ? [{ name, version: undefined, directory }] : versions));
  }
  if (places.length === 0)
    throw new CommandError(
      `${option.name}: there is no model in ${root}; expected a folder for each, with its ${MODEL_FILE}, or with folders 1, 2, … that have one each.${others.length > 0 ? ` Folders without one: ${others.map(quote).join(', ')}.` : ''}`,
    );
  return { places, others, ambiguous };
}

async function versionsOf(folder: string, name: string, option: string): Promise<ModelPlace[]> {
  const folders = await foldersIn(folder, option).catch((error: CommandError) => {
    if (isRefused(error.cause)) return []; // such as a volume's lost+found
    throw error;
  });
  const numbers = folders
    .filter((version) => VERSION.test(version))
    .sort((one, other) => Number(one) - Number(other));
  const versions: ModelPlace[] = [];
  for (const version of numbers) {
    const directory = path.join(folder, version);
    if (await isThere(path.join(directory, MODEL_FILE)))
      versions.push({ name, version, directory });
  }
  return versions;
}

/** Sorted names; links to folders count, which volumes of Kubernetes have, and names that begin with a dot do not. */
async function foldersIn(folder: string, option: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: Error) => {
    throw new CommandError(`${option}: ${folder} cannot be read: ${whyUnreadable(cause)}`, {
      cause,
    });
  });
  const found: string[] = [];
  for (const name of names.sort())
    if (!name.startsWith('.') && (await isFolder(path.join(folder, name)))) found.push(name);
  return found;
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EACCES';
}

async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? false;
}
