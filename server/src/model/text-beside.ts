// The text of a file beside a model. Others write to the directory: a pipe there has no end, and would hold up the start.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelLoadError } from '../runtime/session.ts';
import { whyUnreadable } from '../util/why-unreadable.ts';

/**
 * @returns undefined where there is no such file
 * @throws ModelLoadError where it cannot be read, or is no file
 */
export async function textBeside(file: string): Promise<string | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile() && !found.isDirectory()) throw new Error('it is not a file');
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR')
      throw new ModelLoadError(
        `${path.dirname(file)} is not a directory; expected the one that contains model.onnx.`,
      );
    throw new ModelLoadError(`${file} cannot be read: ${whyUnreadable(error)}`);
  }
}
