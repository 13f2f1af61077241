import { createHash } from 'node:crypto';
import type { RemoteFile } from '../remote.ts';

/** A file that the store does not hold, made of what it says. */
export function madeFile(path: string, content: string): RemoteFile {
  const bytes = Buffer.from(content);
  return {
    path,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async read(from) {
      return { from, bytes: once(bytes.subarray(from)) };
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
