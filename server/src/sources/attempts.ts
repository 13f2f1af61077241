// What a store fails with may pass: attempts, with pauses between them, until one succeeds or no other can help.
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../util/command-error.ts';
import { isDiskFull } from './disk-full.ts';

export interface Limits {
  /** Of all attempts together, in milliseconds. */
  readonly timeoutMs: number;
  /** Without a byte, in milliseconds. */
  readonly stallMs: number;
  readonly maxBytes: number;
}

const ATTEMPTS = 4;

/** A download that failed though nothing is wrong with what was asked for: its store is down, out of reach or too slow. */
export class UnavailableError extends CommandError {}

export interface Attempts {
  /** What is tried, at the start of a sentence. */
  readonly name: string;
  readonly limits: Limits;
  /** Aborts when `limits.timeoutMs` is over. */
  readonly end: AbortSignal;
  /** Is told of attempts that failed. */
  readonly say: (line: string) => void;
  /** Whether an attempt that failed has brought enough to count as a new start. */
  readonly hasAdvanced?: () => boolean;
}

/**
 * Tries until it succeeds.
 * @param attempt is given a signal that aborts at the end, and once nothing has come for `limits.stallMs`; and what puts that off
 * @throws CommandError
 */
export async function persist<T>(
  { name, limits, end, say, hasAdvanced = () => false }: Attempts,
  attempt: (signal: AbortSignal, goesOn: () => void) => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await unlessStalled({ name, limits, end, say }, attempt);
    } catch (error) {
      if (error instanceof CommandError || isDiskFull(error)) throw error;
      if (end.aborted) throw tookTooLong(name, limits);
      if (hasAdvanced()) failures = 1;
      if (failures === ATTEMPTS)
        throw new UnavailableError(
          `${name} could not be downloaded in ${ATTEMPTS} attempts: ${reasonOf(error)}.${error instanceof StallError ? ` ${REMEDY}` : ''}`,
        );
      say(`Attempt ${failures} failed: ${reasonOf(error)}. Trying again.`);
      await sleep(500 * 2 ** failures * Math.random(), undefined, { signal: end }).catch(() => {});
    }
  }
}

export function tookTooLong(
  name: string,
  { timeoutMs }: Pick<Limits, 'timeoutMs'>,
): UnavailableError {
  return new UnavailableError(
    `${name} was not downloaded within ${timeoutMs} ms. Raise FETCH_TIMEOUT_MS if it is large.`,
  );
}

/** What an attempt failed with, where nothing comes any more: another one may do better. */
class StallError extends Error {}

const REMEDY =
  'Check the address, and that proxies, firewalls and network policies let this machine or pod reach it.';

/** Nothing is said for no longer than this, in milliseconds: who reads the log shall know that something is waited for. */
const QUIET_MS = 10_000;

async function unlessStalled<T>(
  { name, limits: { stallMs }, end, say }: Attempts,
  attempt: (signal: AbortSignal, goesOn: () => void) => Promise<T>,
): Promise<T> {
  const stall = new AbortController();
  const timer = setTimeout(
    () => stall.abort(new StallError(`nothing arrived for ${stallMs} ms`)),
    stallMs,
  );
  const quietMs = Math.min(QUIET_MS, stallMs / 2);
  const notice = setTimeout(
    () => say(`${name}: nothing arrived for ${quietMs} ms. Waiting for up to ${stallMs} ms.`),
    quietMs,
  );
  const goesOn = () => {
    timer.refresh();
    notice.refresh();
  };
  try {
    return await attempt(AbortSignal.any([end, stall.signal]), goesOn);
  } catch (error) {
    throw stall.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(notice);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === 'aborted') return 'the connection was cut'; // as Node says it
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
