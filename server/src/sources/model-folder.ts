// Where among files the model is: at the top, or in a folder.
import path from 'node:path';
import { CommandError } from '../util/command-error.ts';
import { isHidden } from './paths.ts';
import { LOCK_FILE } from './record.ts';
import type { Form } from './remote.ts';

export const MODEL_FILE = 'model.onnx';

/**
 * @param files their paths
 * @param what has them, at the start of a sentence
 * @returns the folder of the model, or the one with the folders of the models; `.` for the top
 * @throws CommandError where there is none, or it is not clear which
 */
export function modelFolder(files: readonly string[], what: string, form: Form): string {
  if (form === 'files') {
    if (files.length === 0) throw new CommandError(`${what} holds no files.`);
    return '.';
  }
  const models = files.filter((file) => path.basename(file) === MODEL_FILE).map(path.dirname);
  return form === 'models' ? parentOf(models, what) : onlyOne(models, what);
}

function onlyOne([model, second]: readonly string[], what: string): string {
  if (model === undefined || second !== undefined)
    throw new CommandError(
      `${what} holds ${model === undefined ? 'no model.onnx' : 'more than one model.onnx'}; expected exactly one, with model.json and golden.json beside it if there are any.`,
    );
  return model;
}

/** Where each model has a folder, with its files or with folders 1, 2, … of its versions. */
function parentOf(folders: readonly string[], what: string): string {
  const parents = new Set(
    folders.map((folder) => {
      const isVersion = /^[1-9]\d*$/.test(path.basename(folder)) && path.dirname(folder) !== '.';
      return path.dirname(isVersion ? path.dirname(folder) : folder);
    }),
  );
  const [parent, second] = parents;
  if (parent !== undefined && second === undefined && !folders.includes('.')) return parent;
  throw new CommandError(
    `${what} holds ${parent === undefined ? 'no model.onnx' : 'models that are not in one folder'}; expected a folder for each model, all beside each other: NAME/model.onnx, or NAME/1/model.onnx, NAME/2/model.onnx for versions.`,
  );
}

/**
 * The model directory among files of which nobody says where in them it is: the folder of the only model.onnx, or of the only .onnx file,
 * which becomes model.onnx.
 * @param where they are, at the start of a sentence
 * @throws CommandError where there is none, or no telling which
 */
export function onlyModel<File extends { readonly path: string }>(
  files: readonly File[],
  where: string,
): File[] {
  const named = files.filter(({ path }) => /(^|\/)model\.onnx$/.test(path));
  const candidates = named.length > 0 ? named : files.filter(({ path }) => path.endsWith('.onnx'));
  const [model, second] = candidates;
  if (model === undefined || second !== undefined)
    throw new CommandError(
      `${where} holds ${
        model === undefined
          ? 'no model.onnx'
          : `${candidates.length} ONNX files: ${candidates
              .slice(0, 10)
              .map(({ path }) => path)
              .join(', ')}`
      }; expected one model.onnx, with model.json and golden.json beside it if there are any.`,
    );
  const folder = model.path.slice(0, model.path.lastIndexOf('/') + 1);
  return files
    .filter(({ path }) => path.startsWith(folder))
    .map((file) => ({
      ...file,
      path: file === model ? 'model.onnx' : file.path.slice(folder.length),
    }));
}

/**
 * Which of files to take, by their paths in the model directory.
 * @param name what has them, at the start of a sentence
 * @throws CommandError as `onlyModel` and `modelFolder` do
 */
export function modelFiles<File extends { readonly path: string }>(
  all: readonly File[],
  name: string,
  form: Form,
): File[] {
  const files = all.filter((file) => !isHidden(file.path));
  if (form === 'model') return onlyModel(files, name).filter(isNoLock);
  const folder = modelFolder(
    files.map((file) => file.path),
    name,
    form,
  );
  const start = folder === '.' ? '' : `${folder}/`;
  return files
    .filter((file) => file.path.startsWith(start))
    .map((file) => ({ ...file, path: file.path.slice(start.length) }))
    .filter(isNoLock);
}

/** That of the source says where that came from. */
function isNoLock({ path }: { readonly path: string }): boolean {
  return path !== LOCK_FILE && !path.startsWith(`${LOCK_FILE}/`);
}
