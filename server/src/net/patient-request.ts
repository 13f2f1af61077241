// One HTTP request with a Host header of choice, which fetch does not allow.
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, NEVER_CONNECTED, reasonOf } from './connect.ts';
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
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Far more than a contract or the metrics have: a server that floods must not fill the memory. */
const MOST_CHARACTERS = 32 * 1024 * 1024;

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
): Promise<HttpResponse> {
  for (;;) {
    const isLastTry = performance.now() > target.readyBy;
    try {
      const response = await requestOnce(target, method, path, body);
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

function requestOnce(
  target: Target,
  method: string,
  path: string,
  body?: string,
): Promise<HttpResponse> {
  const url = new URL(target.url + path);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new Error(`${shown(url)}: ${reasonOf(error)}`, { cause: error }));
    const request = (url.protocol === 'https:' ? https : http).request(
      url,
      {
        method,
        signal: AbortSignal.timeout(target.timeoutMs),
        headers: {
          ...(target.host !== undefined && { Host: target.host }),
          ...(target.apiKey !== undefined && { 'X-API-Key': target.apiKey }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(target.ca !== undefined && { ca: target.ca }),
        ...(target.host !== undefined && { servername: target.host }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MOST_CHARACTERS)
            response.destroy(new Error(`the response has more than ${MOST_CHARACTERS} characters`));
        });
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
        response.once('error', fail);
      },
    );
    request.once('error', fail);
    request.end(body);
  });
}
