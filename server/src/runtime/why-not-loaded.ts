// Why a file is no model that can be loaded: ONNX Runtime says it in terms of its own source code.
import { isGitLfsPointer, isText, ONNX_FILE, startOf } from '../util/not-a-model.ts';

const EXPECTED = `expected ${ONNX_FILE}. Copy or download it again`;

/** What ONNX Runtime puts before the message itself: the path, and where in its source code it was thrown. */
const PLACES = [/^Load model from .*? failed:/s, /^\/\S+\.(?:cc|h):\d+ [^(]*\([^)]*\)(?: const)? /];

/** @param cause what ONNX Runtime threw @returns the rest of a sentence that begins with the file */
export async function whyNotLoaded(modelFile: string, cause: unknown): Promise<string> {
  let start: Buffer;
  try {
    start = await startOf(modelFile);
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : error}`;
  }
  if (start.length === 0) return `it is empty; ${EXPECTED}.`;
  if (isGitLfsPointer(start))
    return 'it is only a Git LFS pointer. Fetch the file itself: git lfs pull.';
  const said = PLACES.reduce(
    (message, place) => message.replace(place, ''),
    (cause instanceof Error ? cause.message : String(cause)).trim(),
  );
  const isParsed = !/^(Protobuf parsing failed|ModelProto does not have a graph)/.test(said);
  if (isParsed) return said;
  // A page of a web server, for one.
  const what = isText(start) ? 'text' : 'cut short, or of another format';
  return `it is ${what}; ${EXPECTED}.`;
}
