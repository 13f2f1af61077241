// Whether a model's files are still those that were loaded.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * What tells the files beside and of a model from others under the same names, without reading them: weights may lie in files
 * beside model.onnx, and have gigabytes.
 */
export async function versionOfFiles(modelFile: string): Promise<string> {
  const folder = path.dirname(modelFile);
  try {
    const isOfModel = (name: string) => !name.startsWith('.') && !name.endsWith('.json');
    const names = (await readdir(folder)).filter(isOfModel).sort();
    const versions = names.map(async (name) => {
      const { ino, size, mtimeNs } = await stat(path.join(folder, name), { bigint: true });
      return `${name} ${ino} ${size} ${mtimeNs}`;
    });
    return (await Promise.all(versions)).join('\n');
  } catch (error) {
    return `cannot be read: ${error}`; // loading says why
  }
}
