import { createHash } from 'node:crypto';
import type { RemoteFile } from '../remote.ts';

/** What a store says of a model, for what its model.json leaves out; undefined fields are none. */
export function defaultsFile(defaults: Readonly<Record<string, unknown>>): RemoteFile {
  const bytes = Buffer.from(`${JSON.stringify(defaults, undefined, 2)}\n`);
  return {
    path: 'model.defaults.json',
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
