// A request to a server that may only be starting, with a Host header of choice, which fetch does not allow.
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, NEVER_CONNECTED, reasonOf } from './connect.ts';
import { send, textOf } from './send.ts';
import { shown } from './shown-url.ts';

export interface Target {
  readonly name: string;
  /** The address, without a trailing slash. */
  readonly url: string;
  readonly host: string | undefined;
  readonly apiKey: string | undefined;
  /** Certificate authority of an https address, PEM. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  /**
   * Until when, by performance.now(), a server that cannot be reached or says 503 is asked again. A pod that has just started
   * may not be let through yet: those who enforce network policies learn of its address after it has begun to run. And a server
   * says 503 while it loads its model, as a proxy does that has not heard of it.
   */
  readonly readyBy: number;
  /** Told why, each time that it is to be asked again. */
  readonly onWait?: (why: string) => void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Far more than a contract or the metrics have: a server that floods must not fill the memory. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;

/** A connection that times out may have been made; what is asked here is safe to ask again. */
const WORTH_ANOTHER_TRY = new Set([...NEVER_CONNECTED, 'ETIMEDOUT']);

/**
 * Asks again while a server may be starting: see Target.readyBy.
 * @throws Error that names the address when no response comes
 */
export async function patientRequest(
  target: Target,
  method: string,
  path: string,
  body?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  for (;;) {
    const isLastTry = performance.now() > target.readyBy;
    try {
      const response = await requestOnce(target, method, path, body, headers);
      if (response.status !== 503 || isLastTry) return response;
      target.onWait?.(`${shown(new URL(target.url + path))} answers 503`);
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!WORTH_ANOTHER_TRY.has(codeOf(cause)) || isLastTry) throw error;
      target.onWait?.(String(error instanceof Error ? error.message : error));
    }
    await sleep(250);
  }
}

async function requestOnce(
  { host, apiKey, ca, url: base, timeoutMs }: Target,
  method: string,
  path: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<HttpResponse> {
  const url = new URL(base + path);
  try {
    const response = await send(url, {
      method,
      headers: {
        ...(host !== undefined && { Host: host }),
        ...(apiKey !== undefined && { 'X-API-Key': apiKey }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : Buffer.from(body),
      signal: AbortSignal.timeout(timeoutMs),
      ...(ca !== undefined && { ca }),
      ...(host !== undefined && { servername: host }),
    });
    const text = await textOf(response, MAX_RESPONSE_BYTES);
    if (text === undefined)
      throw new Error(`the response has more than ${MAX_RESPONSE_BYTES} bytes`);
    return { status: response.statusCode ?? 0, headers: response.headers, body: text };
  } catch (error) {
    throw new Error(`${shown(url)}: ${reasonOf(error)}`, { cause: error });
  }
}
