// What a server responds to a command.
import { networkReason } from '../network-reason.ts';
import { redirectIn } from '../redirect.ts';
import { CliError } from './cli-error.ts';
import { textOf } from './text-of.ts';

const FETCH_TIMEOUT_MS = 10_000;

/** A response that is no redirect, with its body: the whole of a success, the beginning of an error. */
export interface Fetched {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * @param apiKey sent where there is one
 * @throws CliError where the address cannot be reached, is slow, or redirects
 */
export async function fetched(
  address: string,
  { apiKey, method = 'GET' }: { apiKey?: string | undefined; method?: 'GET' | 'POST' } = {},
): Promise<Fetched> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method,
      ...(apiKey !== undefined && { headers: { 'X-API-Key': apiKey } }),
      redirect: 'manual',
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    text = await textOf(address, response);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      `${address} cannot be reached: ${reasonOf(error)}. Is the server running there?`,
    );
  }
  const redirect = redirectIn(address, response);
  if (redirect !== undefined) throw new CliError(`${address} ${redirect}.`);
  const { status, ok, headers } = response;
  return { status, ok, headers, text };
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.name === 'TimeoutError'
    ? `no response within ${FETCH_TIMEOUT_MS} ms`
    : networkReason(error);
}
