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

export function isText(start: Buffer): boolean {
  return /^[\t\n\r\x20-\x7e]+$/.test(start.toString('latin1'));
}

/**
 * What a server sent in place of a model, with status 200; undefined where it may be a model. As the first byte of an ONNX file,
 * either character would begin or end a group of Protocol Buffers, and ONNX has none.
 */
export function pageInstead(start: Buffer): string | undefined {
  const text = start
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.startsWith('<')) return 'an HTML or XML page';
  return text.startsWith('{') && isText(start) ? 'JSON' : undefined;
}
