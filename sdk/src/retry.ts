// Which answers are worth another attempt, and when. Every operation of the contract is safe to repeat: a
// prediction changes nothing.

/** Statuses that say "not now" rather than "not so": the request came too slowly, came too often, or a server or
 * proxy could not take it. */
const RETRIED = new Set([408, 429, 502, 503, 504]);

/** The longest wait before the first retry, in milliseconds; doubled with every further one. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Whether a response of this status is worth another attempt. */
export function isRetried(status: number): boolean {
  return RETRIED.has(status);
}

/**
 * How long to wait before an attempt, in milliseconds.
 *
 * Full jitter, as in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter: clients that failed
 * together must not come back together. Never sooner than the server's Retry-After.
 * @param retry 1 for the first retry
 */
export function waitBefore(retry: number, retryAfterMs = 0, random = Math.random): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (retry - 1));
  return retryAfterMs + random() * longest;
}

/** The Retry-After header in milliseconds from now: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterOf(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get('Retry-After');
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
