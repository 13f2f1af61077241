// A file or a folder of this machine.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../../util/command-error.ts';
import { isHidden } from '../paths.ts';
import type { RemoteFile, Store } from '../remote.ts';
import { checkCount } from './listed-path.ts';
import { ownName, revisionOf } from './objects.ts';

export const localStore: Store = {
  async open(uri) {
    const root = localPath(uri);
    const found = await stat(root).catch((error: NodeJS.ErrnoException) => {
      throw new CommandError(
        error.code === 'ENOENT'
          ? `There is no file or folder ${root}. Check the path of the model.`
          : `${root} cannot be read: ${error.message}`,
      );
    });
    if (!found.isDirectory() && !found.isFile())
      throw new CommandError(`${root} is neither a file nor a folder; expected a model.`);
    const names = found.isDirectory() ? await filesIn(root) : [''];
    const files = await Promise.all(names.map((name) => fileAt(root, name)));
    return {
      resolved: root,
      revision: revisionOf(
        files.map(({ file, tag }) => ({ name: file.path, size: file.size ?? 0, tag })),
      ),
      files: files.map(({ file }) => file),
    };
  },
};

/** @throws CommandError for a file URL that names another machine */
export function localPath(uri: string): string {
  if (!uri.startsWith('file:')) return path.resolve(uri);
  try {
    return fileURLToPath(uri);
  } catch {
    throw new CommandError(`Expected a URL such as file:///models/iris, got ${uri}.`);
  }
}

/** Files, and links to files, as caches of registries have them. Links to folders are not followed: they may lead to themselves. */
async function filesIn(root: string, folder = ''): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.join(folder, entry.name);
    if (isHidden(name)) continue; // a .git alone may have more files than a model
    if (entry.isDirectory()) found.push(...(await filesIn(root, name)));
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path.join(root, name)))))
      found.push(name);
    checkCount(found.length, root);
  }
  return found;
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

async function fileAt(root: string, name: string) {
  const target = path.join(root, name);
  const { size, mtimeMs } = await stat(target);
  const file: RemoteFile = {
    path: name === '' ? ownName(root) : name,
    size,
    read: async (from, signal) => ({
      from,
      bytes: createReadStream(target, { start: from, signal }),
    }),
  };
  return { file, tag: `${size} ${mtimeMs}` };
}
