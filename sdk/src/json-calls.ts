// Calls of other servers' JSON APIs, with the transport of every client: its retries, timeouts and errors.
import type { CallOptions } from './client.ts';
import { invalidResponse, UnsafeIntegerError } from './errors.ts';
import { hasLongInteger, roundedIntegers } from './long-integers.ts';
import type { Settings } from './options.ts';
import { createTransport, parseJson, type ResponseCheck } from './transport.ts';

/**
 * Sends a body, where there is one, and gives the JSON that came. These servers write floats with a point or an exponent, so an
 * integer is one: throws an UnsafeIntegerError where a number cannot hold it.
 */
export type JsonCall = (
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  options?: CallOptions,
) => Promise<unknown>;

/** @param problemIn what is wrong with the JSON of a success */
export function jsonCalls(settings: Settings, problemIn?: ResponseCheck): JsonCall {
  const transport = createTransport(settings, problemIn);
  return async (path, body, { signal, requestId, headers: more } = {}) => {
    const headers = new Headers(settings.headers);
    for (const [name, value] of Object.entries(more ?? {})) headers.set(name, value);
    if (requestId !== undefined) headers.set('X-Request-Id', requestId);
    if (body !== undefined)
      headers.set(
        'Content-Type',
        typeof body === 'string' ? 'application/json' : 'application/octet-stream',
      );
    const url = `${settings.baseUrl}${path}`;
    const response = await transport(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(signal && { signal }),
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const value = parseJson(text);
    if (value === undefined) throw invalidResponse(url, response); // tensors in binary
    const [rounded] = hasLongInteger(value) ? roundedIntegers(text) : [];
    if (rounded !== undefined)
      throw new UnsafeIntegerError(rounded, 'Let the model give it as text');
    return value;
  };
}
