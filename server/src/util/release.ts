// Memory that is given back before V8 collects it.

/** Bytes below which it would cost more than it saves. */
const WORTH_IT = 16 * 1024;

/**
 * Gives memory back at once that nobody will read again. V8 does not see how much such memory there is until it has collected
 * the whole heap for it, which a stream of large bodies made it do every few requests, at a tenth of their throughput.
 * @param bytes left empty, unless they are few or share their memory with others
 */
export function release(bytes: Uint8Array): void {
  if (bytes.byteLength < WORTH_IT) return;
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
