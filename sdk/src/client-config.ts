// Joins the generated client and the transport.
import { type MlApiOptions, resolveBaseUrl } from './options.ts';
import { createTransport } from './transport.ts';

/** What a generated client is configured with. */
export interface ClientConfig {
  readonly baseUrl: string;
  readonly fetch: typeof globalThis.fetch;
  readonly headers: Record<string, string>;
  readonly throwOnError: true;
}

/**
 * The configuration of a generated client that behaves as the options say.
 * @param fallbackUrl where the server is when neither `baseUrl` nor `ML_API_URL` says it
 */
export function clientConfig(options: MlApiOptions = {}, fallbackUrl?: string): ClientConfig {
  return {
    baseUrl: resolveBaseUrl(options, fallbackUrl),
    fetch: createTransport(options),
    headers: {
      ...options.headers,
      ...(options.apiKey !== undefined && { 'X-API-Key': options.apiKey }),
    },
    throwOnError: true,
  };
}
