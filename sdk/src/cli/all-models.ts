// Writes the clients of all models of a server: a folder for each, as one model's client has, and an index over them.
import { lstatSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { foldersOf, isModelsIndex, modelsIndexSource } from './all-models-source.ts';
import { CliError } from './cli-error.ts';
import { fetchContract, type ServedContract } from './contract.ts';
import { folderNames } from './folder-names.ts';
import { fetchModelIndex, type IndexedModel } from './model-index.ts';
import { printable } from './printable.ts';
import { CLIENT_FILES, filesIn, holdsTypedClient, typedClient } from './typed-client.ts';
import { writeTogether } from './write-together.ts';

export interface AllModelsOptions {
  /** The address of a running server. */
  readonly from: string;
  readonly out: string;
  readonly apiKey: string | undefined;
  /** Names of models to leave out. */
  readonly skip: readonly string[];
}

export interface WrittenModels {
  /** The folders that were written. */
  readonly written: readonly { readonly folder: string; readonly contract: ServedContract }[];
  /** The folders of models that the server no longer has, whose files are gone. */
  readonly removed: readonly string[];
}

/** Names in one error. */
const LISTED = 20;

const NO_CONTRACT =
  'Is --from the address of the server itself, without /models/NAME, and is the server ml-api 0.2.0 or newer? Of an older one, generate the only model without --all.';

/**
 * Writes the clients of all models, or nothing.
 * @throws CliError where a model has no contract, or a folder holds what somebody else has written
 */
export async function writeAllModels(options: AllModelsOptions): Promise<WrittenModels> {
  const { out, apiKey } = options;
  const index = path.join(out, 'index.ts');
  const before = textOf(index);
  if (before !== undefined && !isModelsIndex(before))
    throw new CliError(
      `--out: ${index} was not written by ml-sdk generate --all. Choose another folder.`,
    );
  const { server, models } = await fetchModelIndex(options.from, apiKey);
  const wanted = chosen(server, models, options.skip);
  const folders = folderNames(wanted.map(({ name }) => name));
  for (const folder of folders.values()) refuseForeign(path.join(out, folder));

  const files = new Map<string, string>();
  const written: { name: string; folder: string; contract: ServedContract }[] = [];
  for (const { name, address } of wanted) {
    const folder = folders.get(name) ?? '';
    const contract = await fetchContract(address, apiKey, NO_CONTRACT);
    const client = await typedClient(contract);
    for (const [file, text] of filesIn(path.join(out, folder), client.files)) files.set(file, text);
    written.push({ name, folder, contract });
  }
  const source = modelsIndexSource(
    server,
    written.map(({ name, folder, contract: { hash } }) => ({ name, folder, hash })),
  );
  files.set(index, source); // the last, since it names what is there
  const now = new Set(folders.values());
  const removed = foldersOf(before ?? '').filter(
    (folder) => !now.has(folder) && isOwn(path.join(out, folder)),
  );
  const clients = removed.map((folder) => path.join(out, folder));
  writeTogether(files, clients.flatMap(filesOf));
  for (const client of clients) removeIfEmpty(client);
  return { written, removed };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError(
      `--out: ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** A code base that loses a client without a word is worse than one that is not renewed: all are written, or none. */
function chosen(
  server: string,
  models: readonly IndexedModel[],
  skip: readonly string[],
): readonly IndexedModel[] {
  const known = new Set(
    models.flatMap(({ name, unusable }) => (unusable ? [name, unusable] : name)),
  );
  const unknown = skip.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new CliError(
      `--skip: ${server} has no model ${unknown.map(shown).join(', ')}; it has ${listed(models.map(({ name }) => shown(name)))}.`,
    );
  const left = new Set(skip);
  const wanted = models.filter(
    ({ name, unusable }) => !left.has(name) && !(unusable !== undefined && left.has(unusable)),
  );
  if (wanted.length === 0)
    throw new CliError(`--skip: leaves no model of ${server}, so nothing was written.`);
  const [bad] = wanted.flatMap(({ unusable }) => unusable ?? []);
  if (bad !== undefined)
    throw new CliError(
      `The index of ${server} has a model with the name ${JSON.stringify(bad)}, which cannot be part of a path. Is --from the address of an ml-api server? If so, leave it out with --skip and this name.`,
    );
  const missing = wanted.filter(({ unavailable }) => unavailable !== undefined);
  if (missing.length > 0)
    throw new CliError(
      `Nothing was written, since ${server} has models that are UNAVAILABLE:
${listed(
  missing.map(({ name, unavailable }) => `  ${shown(name)}: ${unavailable}`),
  '\n',
)}
Try again when they are READY, or leave them out with --skip NAME.`,
    );
  return wanted;
}

/** The server chooses the names, so nothing may be in a folder but what is ours. */
function refuseForeign(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  if (!isOwn(folder))
    throw new CliError(
      `--out: ${folder} exists, and was not written by ml-sdk; a model's client would be written there. Choose another folder for --out.`,
    );
}

/** A link to a folder leads elsewhere, where nothing is written or removed. */
function isOwn(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return (found?.isDirectory() ?? false) && holdsTypedClient(folder);
}

/** Removes a folder, unless somebody else has put something into it. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // what is in it stays
  }
}

/** The files of a client that are there. */
function filesOf(folder: string): string[] {
  return CLIENT_FILES.map((name) => path.join(folder, name)).filter((file) =>
    lstatSync(file, { throwIfNoEntry: false })?.isFile(),
  );
}

/** The first of them: an index may be long. */
function listed(texts: readonly string[], separator = ', '): string {
  const more = texts.length - LISTED;
  return [...texts.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

function shown(name: string): string {
  return JSON.stringify(printable(name));
}
