// What is often found where an ONNX file should be, told by its first bytes.
import { type FileHandle, open } from 'node:fs/promises';

/** What a model is, for errors. */
export const ONNX_FILE = 'an ONNX file, as torch.onnx.export or skl2onnx write one';

/** The first bytes of a file: as many as the functions below look at, or fewer where there are no more. */
export async function startOf(file: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64));
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle?.close();
  }
}

export function isGitLfsPointer(start: Buffer): boolean {
  return start.toString('latin1').startsWith('version https://git-lfs');
}

/** Whether it is UTF-8 without control characters: an ONNX file begins with one, the number of its field `ir_version`. */
export function isText(start: Buffer): boolean {
  try {
    // The last character may be cut.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return /^(?:\P{Cc}|[\t\n\r])+$/u.test(text);
  } catch {
    return false;
  }
}
