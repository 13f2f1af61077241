// Asks a server's readiness probe.
import type { Settings } from './options.ts';

/**
 * Whether the server takes requests now. One attempt: asking again would hide the response.
 * @throws the signal's reason when it aborts
 */
export async function isReady(
  { baseUrl, headers, timeout, fetch }: Settings,
  signal?: AbortSignal,
): Promise<boolean> {
  const timer = AbortSignal.timeout(Math.ceil(timeout));
  try {
    const response = await (fetch ?? globalThis.fetch)(`${baseUrl}/readyz`, {
      headers,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timer]) : timer,
    });
    await response.body?.cancel();
    // A web page at this address is not the probe, which answers plain text.
    return response.ok && (response.headers.get('Content-Type') ?? '').startsWith('text/plain');
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
