// The errors that calls throw: one class for each thing that a caller may want to handle differently.
import type { ProblemError } from './generated/types.gen.js';
import { type ProblemFields, readProblem } from './problem.ts';

/** What every error of this package is. */
export class MlApiError extends Error {
  override readonly name: string = 'MlApiError';
}

/** An option or environment variable is wrong; thrown before anything is sent. */
export class ConfigurationError extends MlApiError {
  override readonly name = 'ConfigurationError';
  /** The option or variable. */
  readonly option: string;

  constructor(option: string, expectation: string) {
    super(`${option}: ${expectation}.`);
    this.option = option;
  }
}

/** No response came, or not all of it: the connection was refused, reset, or could not be made. */
export class NetworkError extends MlApiError {
  override readonly name = 'NetworkError';
}

/** No response came in time. */
export class TimeoutError extends MlApiError {
  override readonly name = 'TimeoutError';
  /** The time that had been given, in milliseconds. */
  readonly timeoutMs: number;

  constructor(message: string, timeoutMs: number) {
    super(message);
    this.timeoutMs = timeoutMs;
  }
}

/** Why a contract has another hash, and what to do. */
export const CHANGED = 'the model or a setting changed. Generate the client again';

/** The server's contract is not the one that this client was generated from; only thrown on request. */
export class ContractMismatchError extends MlApiError {
  override readonly name = 'ContractMismatchError';
  readonly expected: string;
  readonly actual: string;

  constructor(expected: string, actual: string) {
    super(`The server's contract has the hash ${actual}, not ${expected}: ${CHANGED}.`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Longer integers are shortened in messages. */
const LONGEST_DIGITS = 60;

/** The response has an integer beyond 2^53 that a number cannot hold; a rounded one would be another class, id or count. */
export class UnsafeIntegerError extends MlApiError {
  override readonly name = 'UnsafeIntegerError';
  /** The integer, as the response wrote it: with all its digits. */
  readonly digits: string;

  constructor(digits: string, remedy: string) {
    super(
      `The response has the integer ${digits.length > LONGEST_DIGITS ? `${digits.slice(0, LONGEST_DIGITS)}… of ${digits.length} digits` : digits}, which a JavaScript number cannot hold: ${Number(digits)} is the nearest. ${remedy}.`,
    );
    this.digits = digits;
  }
}

/**
 * The response is a success, but not JSON: something else than ml-api, such as a web page, is at this address. Or it is an
 * inference whose tensors are not what their datatypes say. Or a redirect, which is never followed.
 */
export class InvalidResponseError extends MlApiError {
  override readonly name = 'InvalidResponseError';
  readonly status: number;
  readonly headers: Headers;

  /** @param problem a sentence without its subject, the address, and without its full stop */
  constructor(url: string, problem: string, { status, headers }: Response) {
    super(`${url} ${problem}.`);
    this.status = status;
    this.headers = headers;
  }
}

/** The error of a success whose body is not what was expected. */
export function invalidResponse(
  url: string,
  response: Response,
  problem = 'which is not the JSON of an ml-api server. Check the base URL',
): InvalidResponseError {
  const type = response.headers.get('Content-Type') ?? 'no Content-Type';
  return new InvalidResponseError(
    url,
    `answered ${response.status} with ${type}, ${problem}`,
    response,
  );
}

/** The server answered with an error; its class says which. */
export class ResponseError extends MlApiError {
  override readonly name: string = 'ResponseError';
  /** The HTTP status. */
  readonly status: number;
  /** The kind of problem for programs, such as `urn:ml-api:problem:invalid-input`; `about:blank` when unknown. */
  readonly type: string;
  /** The kind of problem for people. */
  readonly title: string;
  /** What is wrong with this request, and how to go on. */
  readonly detail: string;
  /** The places in the request body that are wrong. */
  readonly errors: readonly ProblemError[];
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  readonly headers: Headers;

  constructor(url: string, problem: ProblemFields, { status, statusText, headers }: Response) {
    const title = problem.title ?? (statusText || 'Error');
    const detail = problem.detail ?? title;
    // What is not a problem document was written by something between here and ml-api, so say where.
    super(problem.type ? `${status} ${detail}` : `${status} from ${url}: ${detail}`);
    this.status = status;
    this.type = problem.type ?? 'about:blank';
    this.title = title;
    this.detail = detail;
    this.errors = problem.errors ?? [];
    this.requestId = problem.requestId ?? headers.get('X-Request-Id') ?? undefined;
    this.headers = headers;
  }
}

/** 400: the body is not JSON. */
export class BadRequestError extends ResponseError {
  override readonly name = 'BadRequestError';
}
/** 401 or 403: the API key is missing or wrong. */
export class AuthenticationError extends ResponseError {
  override readonly name = 'AuthenticationError';
}
/** 404: there is nothing at this address; often a wrong base URL or version. */
export class NotFoundError extends ResponseError {
  override readonly name = 'NotFoundError';
}
/** 413: the body is too large; send fewer rows a request. */
export class ContentTooLargeError extends ResponseError {
  override readonly name = 'ContentTooLargeError';
}
/** 422: the inputs do not fit the model; `errors` says where and what was expected. */
export class InvalidInputError extends ResponseError {
  override readonly name = 'InvalidInputError';
}
/** 429: too many requests. */
export class RateLimitError extends ResponseError {
  override readonly name = 'RateLimitError';
}
/** 503: the server is starting, draining, or has too much to do. */
export class UnavailableError extends ResponseError {
  override readonly name = 'UnavailableError';
}
/** 504: the prediction did not come within the server's, or a proxy's, deadline. */
export class DeadlineExceededError extends ResponseError {
  override readonly name = 'DeadlineExceededError';
}
/** 500 and every other 5xx: the model failed, or the server has a fault. */
export class ServerError extends ResponseError {
  override readonly name = 'ServerError';
}

const classes: Readonly<Record<number, typeof ResponseError>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: AuthenticationError,
  404: NotFoundError,
  413: ContentTooLargeError,
  422: InvalidInputError,
  429: RateLimitError,
  503: UnavailableError,
  504: DeadlineExceededError,
};

/** The error of a response that is not a success. */
export function responseError(url: string, response: Response, body: string): ResponseError {
  const Class = classes[response.status] ?? (response.status >= 500 ? ServerError : ResponseError);
  return new Class(url, readProblem(body), response);
}
