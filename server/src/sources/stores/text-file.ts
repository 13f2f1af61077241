import type { RemoteFile } from '../remote.ts';

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The text of a small file of a model.
 * @returns undefined for a file that is too large to describe a model
 */
export async function textOfFile(
  file: RemoteFile,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { bytes } = await file.read(0, signal);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
