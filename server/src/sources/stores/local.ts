// A file or a folder of this machine.
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, UsageError } from '../../util/command-error.ts';
import { printable } from '../../util/printable.ts';
import { whyUnreadable } from '../../util/why-unreadable.ts';
import { isHidden } from '../paths.ts';
import type { RemoteFile, Store } from '../remote.ts';
import { quoteUri, shownUri } from '../shown-uri.ts';
import { checkCount, checkPath } from './listed-path.ts';
import { ownName, revisionOf } from './objects.ts';

export const localStore: Store = {
  async open(uri) {
    const root = localPath(uri);
    const found = await stat(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') return unreadable(root)(error);
      throw new CommandError(
        `There is no file or folder ${shownUri(root)}. Check the path of the model.`,
      );
    });
    if (!found.isDirectory() && !found.isFile())
      throw new CommandError(`${shownUri(root)} is neither a file nor a folder; expected a model.`);
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

/** @throws UsageError for a file URL that names another machine, no whole path, or something beside it */
export function localPath(uri: string): string {
  if (!uri.startsWith('file:')) return path.resolve(uri);
  try {
    if (/^file:\/[^?#]*$/.test(uri)) return fileURLToPath(uri);
  } catch {
    // as below
  }
  throw new UsageError(
    `Expected a URL such as file:///models/iris, or a path such as ./iris without file:, got ${quoteUri(uri)}.`,
  );
}

/** Who may not read a file will not be allowed to a second later. */
function unreadable(file: string): (error: Error) => never {
  return (error) => {
    throw new CommandError(`${shownUri(file)} cannot be read: ${printable(whyUnreadable(error))}`);
  };
}

/** Files, and links to files, as caches of registries have them. Links to folders are not followed: they may lead to themselves. */
async function filesIn(root: string, folder = ''): Promise<string[]> {
  const found: string[] = [];
  const whole = path.join(root, folder);
  const entries = await readdir(whole, { withFileTypes: true }).catch(unreadable(whole));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.join(folder, entry.name);
    if (isHidden(name)) continue; // a .git alone may have more files than a model
    if (entry.isDirectory()) found.push(...(await filesIn(root, name)));
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path.join(root, name)))))
      found.push(checkPath(name, shownUri(root)));
    checkCount(found.length, shownUri(root));
  }
  return found;
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

async function fileAt(root: string, name: string) {
  const target = path.join(root, name);
  const { size, mtimeMs, ctimeMs } = await stat(target).catch(unreadable(target));
  const file: RemoteFile = {
    path: name === '' ? ownName(root) : name,
    size,
    async read(from, signal) {
      const handle = await open(target).catch(unreadable(target));
      return { from, bytes: handle.createReadStream({ start: from, signal }) };
    },
  };
  // Builds that are reproducible give each file the same time; when the system last wrote it, they do not choose.
  return { file, tag: `${size} ${mtimeMs} ${ctimeMs}` };
}
