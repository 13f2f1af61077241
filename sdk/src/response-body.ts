// Reads the body of a response no further than a limit: a proxy or a stranger at the address may send one without end.
import { concatenate } from './concatenate.ts';

/** Many times the longest problem document of ml-api, in bytes. */
const ERROR_LIMIT = 16_384;

/** The beginning of an error's body as text; the rest is not waited for. */
export async function beginningOf(response: Response): Promise<string> {
  const { bytes, isWhole } = await readUpTo(response, ERROR_LIMIT);
  return new TextDecoder().decode(bytes, { stream: !isWhole }); // without half of a character at its end
}

/** The whole body; undefined for one of more bytes than the limit, of which no more is read. */
export async function bytesWithin(
  response: Response,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { bytes, isWhole } = await readUpTo(response, limit);
  return isWhole ? bytes : undefined;
}

/** The first bytes of a body, and whether they are all. */
async function readUpTo(
  response: Response,
  limit: number,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isWhole: boolean }> {
  const cut = (bytes: Uint8Array<ArrayBuffer>) => ({
    bytes: bytes.subarray(0, limit),
    isWhole: bytes.byteLength <= limit,
  });
  // Some runtimes, such as React Native, have no streams.
  if (!response.body) return cut(new Uint8Array(await response.arrayBuffer()));
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  for (let left = limit; left >= 0; ) {
    const { done, value } = await reader.read();
    if (done) return cut(concatenate(parts));
    parts.push(value);
    left -= value.byteLength;
  }
  reader.cancel().catch(() => {}); // what was read is enough
  return cut(concatenate(parts));
}
