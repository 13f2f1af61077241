import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';

/** Read at a time, into the same memory: a stream would leave a gigabyte of it to be collected. */
const CHUNK_BYTES = 256 * 1024;

/** The SHA-256 of a file, in hex. */
export async function sha256Of(file: string): Promise<string> {
  // A pipe has no end, and cannot even be opened.
  if (!(await stat(file)).isFile()) throw new Error(`${file} is not a file`);
  const handle = await open(file);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
