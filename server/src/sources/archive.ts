// A model directory in a tar archive.
import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createEntryRules, withoutLinks } from './archive-rules.ts';
import { modelFolder } from './model-folder.ts';
import type { Unpack } from './remote.ts';
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
    await unpackTar({ name: what, bytes: await tarOf(file), folder, rules, signal });
    const files = await readdir(folder, { recursive: true });
    return path.join(folder, modelFolder(files, withoutLinks(what, rules.links()), form));
  };
}

/** Its errors come out of what decompresses, too. */
async function tarOf(file: string): Promise<Readable> {
  const isCompressed = await isGzip(file);
  const archive = createReadStream(file);
  return isCompressed
    ? pipeline(archive, createGunzip({ chunkSize: 256 * 1024 }), () => {})
    : archive;
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2);
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
  } finally {
    await handle.close();
  }
}
