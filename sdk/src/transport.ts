// The fetch that the generated client uses: attempts, timeouts, errors and the contract check in one place.
import { watchContract } from './contract-watch.ts';
import { errorOf, MlApiError, NetworkError, TimeoutError } from './errors.ts';
import type { MlApiOptions } from './options.ts';
import { isRetried, retryAfterOf, waitBefore } from './retry.ts';

/** @returns a fetch that only returns successes, and throws an MlApiError, or what the caller's signal aborted with */
export function createTransport(options: MlApiOptions): typeof globalThis.fetch {
  const { timeoutMs = 15_000, totalTimeoutMs = 60_000, retries = 2 } = options;
  const checkContract = watchContract(options);

  const attempt = async (request: Request): Promise<Response> => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([request.signal, timeout]);
    try {
      // Looked up at each call, so that one that is replaced later (by tests, by instrumentation) is used.
      return await (options.fetch ?? globalThis.fetch)(new Request(request.clone(), { signal }));
    } catch (cause) {
      request.signal.throwIfAborted();
      if (timeout.aborted)
        throw new TimeoutError(`No answer from ${request.url} within ${timeoutMs} ms.`, timeoutMs);
      throw new NetworkError(`No answer from ${request.url}: ${reasonOf(cause)}.`, { cause });
    }
  };

  return async (input, init) => {
    const request = new Request(input, init);
    const deadline = Date.now() + totalTimeoutMs;
    for (let retry = 0; ; retry++) {
      const outcome = await attempt(request).catch((error: unknown) => {
        if (error instanceof MlApiError) return error;
        throw error;
      });
      if (outcome instanceof Response) {
        checkContract(outcome);
        if (outcome.ok) return outcome;
      }
      const again = !(outcome instanceof Response) || isRetried(outcome.status);
      const wait = waitBefore(
        retry + 1,
        outcome instanceof Response ? retryAfterOf(outcome.headers) : undefined,
      );
      if (!again || retry >= retries || Date.now() + wait >= deadline)
        throw outcome instanceof Response ? await errorOf(outcome) : outcome;
      if (outcome instanceof Response) await outcome.body?.cancel();
      await sleep(wait, request.signal);
    }
  };
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

/** fetch says only "fetch failed"; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
