// A model directory in a tar archive.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { createEntryRules, withoutLinks } from './archive-rules.ts';
import { modelFolder } from './model-folder.ts';
import type { Unpack } from './remote.ts';
import { GZIP, tarOf } from './tar-file.ts';
import { unpackTar } from './unpack-tar.ts';

/**
 * Unpacks an archive that has a model directory at its top or in a folder, a directory of several, or what another server takes.
 * @param archive its path among what was downloaded
 */
export function unpackArchive(archive: string): Unpack {
  return async (downloaded, folder, { name, form, maxBytes, signal }) => {
    const file = path.join(downloaded, archive);
    const what = `The archive at ${name}`;
    const rules = createEntryRules(what, maxBytes);
    await unpackTar({ name: what, bytes: await tarOf(file, [GZIP]), folder, rules, signal });
    const files = await readdir(folder, { recursive: true });
    return path.join(folder, modelFolder(files, withoutLinks(what, rules.links()), form));
  };
}
