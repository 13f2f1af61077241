// The fetch that the generated client uses: attempts, timeouts, errors and the contract check in one place.
import { watchContract } from './contract-watch.ts';
import {
  InvalidResponseError,
  invalidResponse,
  NetworkError,
  ResponseError,
  responseError,
  TimeoutError,
} from './errors.ts';
import { networkReason } from './network-reason.ts';
import type { ResponseOrigin, Settings } from './options.ts';
import { redirectIn } from './redirect.ts';
import { beginningOf, bytesWithin } from './response-body.ts';
import { isRetried, retryAfterOf, waitBefore } from './retry.ts';

/** What is wrong with the JSON of a success, to stand after the address and the Content-Type; undefined where nothing is. */
export type ResponseCheck = (url: string, body: unknown) => string | undefined;

/** Only such a call takes a response that is not JSON. */
const INFERENCE = /\/v2\/models\/.+\/infer$/;

/**
 * @returns a fetch that only returns JSON, or binary tensors, of successful responses, already read, and throws an MlApiError, or what
 * the caller's signal aborted with
 */
export function createTransport(
  settings: Settings,
  problemIn?: ResponseCheck,
): typeof globalThis.fetch {
  const { totalTimeout, retries, onResponse } = settings;
  const checkContract = watchContract(settings);

  return async (input, init) => {
    const request =
      input instanceof Request && init === undefined ? input : new Request(input, init);
    // Read once, so that every attempt can send it.
    const body = await bodyOf(request);
    const deadline = performance.now() + totalTimeout;
    for (let retry = 1; ; retry++) {
      const outcome = await attempt(request, body, deadline, settings, problemIn);
      if ('headers' in outcome) {
        onResponse?.(originOf(outcome));
        checkContract(outcome.headers);
      }
      if (outcome instanceof Response) return outcome;
      const wait = waitBefore(retry, retryAfterIn(outcome));
      if (!isWorthRetrying(outcome) || retry > retries || performance.now() + wait >= deadline)
        throw outcome;
      await sleep(wait, request.signal);
    }
  };
}

type Failure = ResponseError | InvalidResponseError | NetworkError | TimeoutError;

/** One request and its whole response, before the attempt's timeout and the call's deadline. */
async function attempt(
  { url, method, headers, signal }: Request,
  body: ArrayBuffer | string | undefined,
  deadline: number,
  { timeout, totalTimeout, maxResponseBytes, fetch }: Settings,
  problemIn: ResponseCheck | undefined,
): Promise<Response | Failure> {
  const left = Math.max(0, deadline - performance.now());
  const timer = AbortSignal.timeout(Math.ceil(Math.min(timeout, left)));
  const init = {
    method,
    headers,
    redirect: 'manual' as const,
    signal: AbortSignal.any([signal, timer]),
    ...(body !== undefined && { body }),
  };
  try {
    // The global one is looked up at each call: tests and instrumentation replace it.
    const response = await (fetch ?? globalThis.fetch)(url, init);
    const redirect = redirectIn(url, response);
    if (redirect !== undefined) {
      response.body?.cancel().catch(() => {}); // the error is the redirect
      return new InvalidResponseError(url, redirect, response);
    }
    if (!response.ok) return responseError(url, response, await beginningOf(response));
    const bytes = await bytesWithin(response, maxResponseBytes);
    if (bytes === undefined)
      return invalidResponse(
        url,
        response,
        `of more than ${maxResponseBytes} bytes. If that is right, raise the option maxResponseBytes`,
      );
    if (isBinary(response) && INFERENCE.test(url)) return new Response(bytes, response);
    const text = new TextDecoder().decode(bytes);
    const value = parseJson(text);
    if (value === undefined) return invalidResponse(url, response);
    const problem = problemIn?.(url, value);
    if (problem !== undefined) return invalidResponse(url, response, problem);
    return new Response(text, response);
  } catch (cause) {
    signal.throwIfAborted();
    if (!timer.aborted)
      return new NetworkError(`No response from ${url}: ${networkReason(cause)}.`, { cause });
    return left < timeout
      ? new TimeoutError(
          `No response from ${url} within ${totalTimeout} ms, retries included.`,
          totalTimeout,
        )
      : new TimeoutError(`No response from ${url} within ${timeout} ms.`, timeout);
  }
}

function originOf({ status, headers }: { status: number; headers: Headers }): ResponseOrigin {
  const of = (name: string) => headers.get(name) ?? undefined;
  return {
    status,
    model: of('ML-Model-Name'),
    version: of('ML-Model-Version'),
    contractHash: of('ML-Contract-Hash'),
    requestId: of('X-Request-Id'),
  };
}

function isWorthRetrying(failure: Failure): boolean {
  if (failure instanceof ResponseError) return isRetried(failure.status);
  return !(failure instanceof InvalidResponseError);
}

function retryAfterIn(failure: Failure): number | undefined {
  return failure instanceof ResponseError ? retryAfterOf(failure.headers) : undefined;
}

function bodyOf(request: Request): Promise<ArrayBuffer | string> | undefined {
  if (request.method === 'GET') return undefined;
  return isBinary(request) ? request.arrayBuffer() : request.text();
}

/** Binary tensors of the Open Inference Protocol. */
function isBinary({ headers }: Request | Response): boolean {
  return headers.get('Content-Type') === 'application/octet-stream';
}

/** The value of JSON; undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}
