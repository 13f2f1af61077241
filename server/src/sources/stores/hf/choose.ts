// Which files of a repository are the model: one ONNX file, its weights beside it, and what describes both.
import { CommandError } from '../../../util/command-error.ts';
import { quote } from '../../../util/quote.ts';
import type { HubFile } from './hub.ts';

export interface Chosen {
  readonly file: HubFile;
  /** Its name in the model directory. */
  readonly path: string;
}

/** What describes a model, of its processors and of ours; weights for other frameworks stay where they are. */
const COMPANIONS =
  /^(model\.json|golden\.json|config\.json|(pre)?processor_config\.json|generation_config\.json|tokenizer(_config)?\.json|tokenizer\.model|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|sentencepiece\.bpe\.model|spiece\.model)$/;

/**
 * @param path of a folder or an .onnx file; empty for the whole repository
 * @param name of the repository, as a URI
 * @throws CommandError that lists the ONNX files where it is not clear which
 */
export function chooseFiles(files: readonly HubFile[], path: string, name: string): Chosen[] {
  const model = chooseModel(files, path, name);
  const folder = folderOf(model.path);
  const base = model.path.slice(folder.length);
  // The ONNX file names these by their own names, and looks for them beside itself.
  const weights = files.filter(
    (file) =>
      folderOf(file.path) === folder &&
      file.path.startsWith(`${folder}${base}`) &&
      /^[._]data(_\d+)?$/.test(file.path.slice(model.path.length)),
  );
  const chosen = new Map<string, HubFile>([['model.onnx', model]]);
  for (const file of weights) chosen.set(file.path.slice(folder.length), file);
  // The nearest of a name counts.
  for (const place of new Set([folder, parentOf(folder), '']))
    for (const file of files) {
      const own = file.path.slice(place.length);
      if (folderOf(file.path) === place && COMPANIONS.test(own) && !chosen.has(own))
        chosen.set(own, file);
    }
  return [...chosen].map(([own, file]) => ({ path: own, file }));
}

/**
 * All files, or those of a folder, or the one that is named.
 * @throws CommandError where there is none
 */
export function allFiles(files: readonly HubFile[], path: string, name: string): Chosen[] {
  const start = path === '' ? '' : `${path}/`;
  const chosen = files.flatMap((file) => {
    if (file.path === path) return [{ path: file.path.slice(folderOf(path).length), file }];
    return file.path.startsWith(start) ? [{ path: file.path.slice(start.length), file }] : [];
  });
  if (chosen.length > 0) return chosen;
  throw new CommandError(`${name} has no file or folder ${quote(path)}. Check the URI.`);
}

function chooseModel(files: readonly HubFile[], path: string, name: string): HubFile {
  const models = files.filter((file) => file.path.endsWith('.onnx'));
  const named = models.find((file) => file.path === path);
  if (named !== undefined) return named;
  const folder = path === '' ? '' : `${path}/`;
  const inFolder = models.filter((file) => file.path.startsWith(folder));
  const usual = [`${folder}model.onnx`, `${folder}onnx/model.onnx`]
    .map((one) => models.find((file) => file.path === one))
    .find((file) => file !== undefined);
  if (usual !== undefined) return usual;
  const [only, second] = inFolder;
  if (only !== undefined && second === undefined) return only;
  if (models.length === 0)
    throw new CommandError(
      `${name} has no ONNX file. Export it with: optimum-cli export onnx --model ${name.slice('hf://'.length).split('@', 1).join('')} DIRECTORY, and push that to a repository or another store.`,
    );
  const listed = (inFolder.length > 0 ? inFolder : models).slice(0, 10);
  throw new CommandError(
    `${name} has ${inFolder.length} ONNX files ${path === '' ? '' : `at ${path} `}and none called model.onnx; expected a URI that names one of ${listed.map((file) => `${name}/${file.path}`).join(', ')}.`,
  );
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function parentOf(folder: string): string {
  return folderOf(folder.slice(0, -1));
}
