// Reads the body of an error no further than anyone needs: a proxy or a stranger at the address may send one without end.

/** Many times the longest problem document of ml-api, in bytes. */
const LIMIT = 16_384;

/** The beginning of a response's body as text; the rest is not waited for. */
export async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  // Some runtimes, such as React Native, have no streams.
  if (!response.body) return decoder.decode((await response.arrayBuffer()).slice(0, LIMIT));
  const reader = response.body.getReader();
  let text = '';
  for (let left = LIMIT; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.byteLength;
    if (left > 0) continue;
    reader.cancel().catch(() => {}); // the error is the one that the server sent
    return text;
  }
}
