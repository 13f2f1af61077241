const MOST_BYTES = 1024 * 1024;

/** What a program prints; no more than any that behaves. */
export async function textOfStream(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MOST_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
