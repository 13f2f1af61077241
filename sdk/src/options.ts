// What a client can be told, and the defaults.
import type { ContractChange } from './contract-watch.ts';

export interface MlApiOptions {
  /**
   * Where the server is, without a version. Default: the environment variable `ML_API_URL`, else the page's own
   * origin in a browser, else `http://localhost:5000`.
   */
  readonly baseUrl?: string;
  /** The version to ask, such as `v2`: calls then go to `/v2/predict`. Default: the server's default version. */
  readonly version?: string;
  /** Sent as `X-API-Key`. */
  readonly apiKey?: string;
  /** More headers for every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Time for one attempt, in milliseconds. Default 15,000: more than the server's own deadline of 10,000. */
  readonly timeoutMs?: number;
  /** Time for a call with all its attempts and the waits between, in milliseconds. Default 60,000. */
  readonly totalTimeoutMs?: number;
  /** Attempts after the first. Default 2. */
  readonly retries?: number;
  /** The hash of the contract that the caller was written against. Default: the first that the server sends. */
  readonly contractHash?: string;
  /** Told once for every other contract that the server turns out to have. Default: a warning on the console. */
  readonly onContractChange?: (change: ContractChange) => void;
  /** Throw a ContractMismatchError instead. Default false. */
  readonly strictContract?: boolean;
  /** The fetch to use. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** The base URL, with the version's path. */
export function resolveBaseUrl(
  { baseUrl, version }: MlApiOptions,
  fallback = pageOrLocalhost(),
): string {
  const url = (baseUrl ?? (globalThis.process?.env?.['ML_API_URL'] || fallback)).replace(
    /\/+$/,
    '',
  );
  return version === undefined ? url : `${url}/${encodeURIComponent(version)}`;
}

function pageOrLocalhost(): string {
  const origin = globalThis.location?.origin;
  return origin && origin !== 'null' ? origin : 'http://localhost:5000';
}
