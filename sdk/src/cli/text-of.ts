// The body of what a command fetches.
import { beginningOf, bytesWithin } from '../response-body.ts';
import { CliError } from './cli-error.ts';

/** 64 MiB: many times the largest contract, and the largest answer of a Prometheus. */
const LIMIT = 2 ** 26;

/**
 * All of a success, the beginning of an error.
 * @throws CliError where a success is too long
 */
export async function textOf(address: string, response: Response): Promise<string> {
  if (!response.ok) return await beginningOf(response);
  const bytes = await bytesWithin(response, LIMIT);
  if (bytes !== undefined) return new TextDecoder().decode(bytes);
  throw new CliError(
    `${address} answered more than ${LIMIT} bytes, which is not what the command asks for. Is the address right?`,
  );
}
