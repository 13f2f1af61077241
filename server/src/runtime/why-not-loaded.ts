// Why a file is no model that can be loaded: ONNX Runtime says it in terms of its own source code.
import { type FileHandle, open } from 'node:fs/promises';

const EXPECTED =
  'expected an ONNX file, as torch.onnx.export or skl2onnx write one. Copy or download it again';

/** What ONNX Runtime puts before the message itself: the path, and where in its source code it was thrown. */
const PLACES = [/^Load model from .*? failed:/s, /^\/\S+\.(?:cc|h):\d+ [^(]*\([^)]*\)(?: const)? /];

/** @param cause what ONNX Runtime threw @returns the rest of a sentence that begins with the file */
export async function whyNotLoaded(modelFile: string, cause: unknown): Promise<string> {
  const start = await startOf(modelFile);
  if (typeof start === 'string') return start;
  if (start.length === 0) return `it is empty; ${EXPECTED}.`;
  const text = start.toString('latin1');
  if (text.startsWith('version https://git-lfs'))
    return 'it is only a Git LFS pointer. Fetch the file itself: git lfs pull.';
  const said = PLACES.reduce(
    (message, place) => message.replace(place, ''),
    (cause instanceof Error ? cause.message : String(cause)).trim(),
  );
  const isParsed = !/^(Protobuf parsing failed|ModelProto does not have a graph)/.test(said);
  if (isParsed) return said;
  // A page of a web server, for one.
  const what = /^[\t\n\r\x20-\x7e]+$/.test(text) ? 'text' : 'cut short, or of another format';
  return `it is ${what}; ${EXPECTED}.`;
}

/** The first bytes, or why there are none. */
async function startOf(file: string): Promise<Buffer | string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64));
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : error}`;
  } finally {
    await handle?.close();
  }
}
