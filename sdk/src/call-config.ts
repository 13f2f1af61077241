// What every call hands to the generated operations.
import type { Client } from './generated/client/index.js';

/** What a call sends along. */
export interface CallConfig {
  readonly signal?: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The options of a generated operation that is to use this client. The client is not enumerable: operations hand all that is on
 * to Request, and Deno's has an option `client` of its own, which it is not.
 */
export function through(
  client: Client,
  call: CallConfig,
): CallConfig & { readonly client: Client } {
  const options = { ...call, client };
  Object.defineProperty(options, 'client', { enumerable: false });
  return options;
}
