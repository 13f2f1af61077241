// What a client can be told, the defaults, and what is refused.
import { baseUrlIn } from './base-url.ts';
import type { ContractChange } from './contract-watch.ts';
import { ConfigurationError } from './errors.ts';
import { checkNames } from './known-names.ts';
import { milliseconds, wholeNumber } from './numbers.ts';

/** How a client is made. Every field is optional; times are milliseconds. */
export interface MlApiOptions {
  /**
   * Where the server is, without a version. In a browser also a path such as `/ml`. Default: the environment
   * variable `ML_API_URL`, else the page's own origin in a browser, else `http://localhost:5000`.
   */
  readonly baseUrl?: string | undefined;
  /** The version to ask, such as `v2`: calls then go to `/v2/predict`. Default: the server's default version. */
  readonly version?: string | undefined;
  /** Sent as `X-API-Key`. */
  readonly apiKey?: string | undefined;
  /**
   * Who asks, as any text that stays the same: where versions share the traffic by user, one user stays with one
   * version. Sent as `ML-User`; where the server is told of another header, use `headers`.
   */
  readonly user?: string | undefined;
  /** The version to answer whatever the split, for testers. Sent as `ML-Version`. */
  readonly pinnedVersion?: string | undefined;
  /** More headers for every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Time for one attempt, body included. Default 15,000: more than the server's own deadline of 10,000. */
  readonly timeout?: number | undefined;
  /** Time for a call with all its attempts and the waits between. Default 60,000. */
  readonly totalTimeout?: number | undefined;
  /** Attempts after the first; 0 switches retries off. Default 2. */
  readonly retries?: number | undefined;
  /** The longest body of a response that is read, in bytes once decompressed. Default 268,435,456: 256 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** The hash of the contract that the caller was written against. Default: the first that the server sends. */
  readonly contractHash?: string | undefined;
  /** Told once for every other contract that the server turns out to have. Default: a warning on the console. */
  readonly onContractChange?: ((change: ContractChange) => void) | undefined;
  /** Throw a ContractMismatchError instead of telling. Default false. */
  readonly strictContract?: boolean | undefined;
  /** Told of every response, failures included: which model and version gave it. */
  readonly onResponse?: ((origin: ResponseOrigin) => void) | undefined;
  /** The fetch to use, called with a URL and an init. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** How the clients of all models of a server are made: each knows the hash of its own contract. */
export type ModelsOptions = Omit<MlApiOptions, 'contractHash'>;

/** What is about any server, ml-api or another. */
export type ServerOptions = Pick<
  MlApiOptions,
  | 'baseUrl'
  | 'version'
  | 'headers'
  | 'timeout'
  | 'totalTimeout'
  | 'retries'
  | 'maxResponseBytes'
  | 'fetch'
>;

/** Where a response came from; undefined what its headers do not say. */
export interface ResponseOrigin {
  readonly status: number;
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly contractHash: string | undefined;
  readonly requestId: string | undefined;
}

/** Options with their defaults filled in, checked. */
export interface Settings
  extends Pick<
    MlApiOptions,
    'contractHash' | 'onContractChange' | 'strictContract' | 'onResponse' | 'fetch'
  > {
  /** With the version's path, without a slash at the end. */
  readonly baseUrl: string;
  readonly headers: Headers;
  readonly timeout: number;
  readonly totalTimeout: number;
  readonly retries: number;
  readonly maxResponseBytes: number;
}

/**
 * Checks the options and fills in the defaults.
 * @param defaultUrl where the server is when neither the options, nor `ML_API_URL`, nor a page says it
 * @param others names of options that the caller has, too
 * @throws ConfigurationError naming the option, what was expected and what it was
 */
export function resolveOptions(
  options: MlApiOptions,
  defaultUrl = 'http://localhost:5000',
  others: readonly string[] = [],
): Settings {
  checkNames(options, [...Object.keys(names), ...others]);
  return {
    ...options,
    baseUrl: baseUrlOf(options, defaultUrl) + versionPath(options.version),
    headers: headersOf(options),
    timeout: milliseconds('timeout', options.timeout ?? 15_000),
    totalTimeout: milliseconds('totalTimeout', options.totalTimeout ?? 60_000),
    retries: wholeNumber('retries', options.retries ?? 2, 0),
    maxResponseBytes: wholeNumber('maxResponseBytes', options.maxResponseBytes ?? 2 ** 28, 1),
  };
}

/**
 * Where one model of a server with several has all that it would have alone.
 * @throws ConfigurationError naming the option, what was expected and what it was
 */
export function baseUrlOfModel(
  options: Pick<MlApiOptions, 'baseUrl' | 'version'>,
  defaultUrl: string,
  name: string,
): string {
  const server = baseUrlOf(options, defaultUrl) + versionPath(options.version);
  return `${server}/models/${encodeURIComponent(name)}`;
}

const names: Readonly<Record<keyof MlApiOptions, true>> = {
  baseUrl: true,
  version: true,
  apiKey: true,
  user: true,
  pinnedVersion: true,
  headers: true,
  timeout: true,
  totalTimeout: true,
  retries: true,
  maxResponseBytes: true,
  contractHash: true,
  onContractChange: true,
  strictContract: true,
  onResponse: true,
  fetch: true,
};

function baseUrlOf({ baseUrl }: MlApiOptions, defaultUrl: string): string {
  const env = globalThis.process?.env?.['ML_API_URL'];
  const page = globalThis.location?.origin;
  const origin = page && page !== 'null' ? page : undefined;
  if (baseUrl !== undefined) return httpUrl('baseUrl', baseUrl, origin);
  return env ? httpUrl('ML_API_URL', env, origin) : httpUrl('baseUrl', origin ?? defaultUrl);
}

function httpUrl(name: string, value: string, origin?: string): string {
  return baseUrlIn(value, { origin }, (problem) => {
    throw new ConfigurationError(name, problem);
  });
}

function versionPath(version: string | undefined): string {
  if (version === undefined) return '';
  if (!/^[\w.-]+$/.test(version) || !/\w/.test(version))
    throw new ConfigurationError('version', `expected a name such as "v2", got "${version}"`);
  return `/${version}`;
}

function headersOf({ headers: more = {}, apiKey, user, pinnedVersion }: MlApiOptions): Headers {
  const headers = new Headers();
  const set = (option: string, name: string, value: string) => {
    try {
      headers.set(name, value);
    } catch {
      // Without the value: it may be secret.
      throw new ConfigurationError(option, 'has a character that an HTTP header cannot carry');
    }
  };
  for (const [name, value] of Object.entries(more)) set(`headers["${name}"]`, name, value);
  if (apiKey !== undefined) set('apiKey', 'X-API-Key', apiKey);
  if (user !== undefined) set('user', 'ML-User', user);
  if (pinnedVersion !== undefined) set('pinnedVersion', 'ML-Version', pinnedVersion);
  return headers;
}
