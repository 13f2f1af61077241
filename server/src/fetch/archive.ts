// A model directory in a tar archive.
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { extract } from 'tar';
import { CommandError } from '../command-error.ts';

/** A model directory has a few; each takes an inode. */
const MOST_FILES = 10_000;

/**
 * Unpacks an archive that has a model directory at its top or in a folder.
 * @param name of the archive, for errors
 * @returns the model directory
 * @throws CommandError for a file that is no archive, or holds something else
 */
export async function unpack(
  file: string,
  folder: string,
  name: string,
  maxBytes: number,
): Promise<string> {
  await mkdir(folder);
  let files = 0;
  let bytes = 0;
  await extract({
    file,
    cwd: folder,
    strict: true,
    filter(_path, entry) {
      // Links and devices are left out: a model directory has none, and they could lead elsewhere.
      if (!('type' in entry) || (entry.type !== 'File' && entry.type !== 'Directory')) return false;
      files++;
      bytes += entry.size;
      return files <= MOST_FILES && bytes <= maxBytes;
    },
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall !== undefined) throw error; // of the disk, not of the archive
    throw new CommandError(`The file at ${name} is not a tar archive: ${error.message}.`);
  });
  if (files > MOST_FILES || bytes > maxBytes)
    throw new CommandError(
      `The archive at ${name} holds more than ${MOST_FILES} files, or than the ${maxBytes} bytes that FETCH_MAX_BYTES allows. Nothing was changed.`,
    );
  const found = await readdir(folder, { recursive: true });
  const [model, second] = found.filter((one) => path.basename(one) === 'model.onnx');
  if (model === undefined || second !== undefined)
    throw new CommandError(
      `The archive at ${name} holds ${model === undefined ? 'no model.onnx' : 'more than one model.onnx'}; expected exactly one, with model.json and golden.json beside it if there are any.`,
    );
  return path.join(folder, path.dirname(model));
}
