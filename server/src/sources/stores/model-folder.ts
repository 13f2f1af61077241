import { CommandError } from '../../util/command-error.ts';
import type { RemoteFile } from '../remote.ts';

/**
 * The model directory among files of which nobody says where in them it is: the folder of the only model.onnx, or of the only .onnx file,
 * which becomes model.onnx.
 * @param where they are, at the start of a sentence
 * @throws CommandError where there is none, or no telling which
 */
export function modelFolder(files: readonly RemoteFile[], where: string): RemoteFile[] {
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
