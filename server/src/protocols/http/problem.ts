// Errors as RFC 9457 defines them: every kind that the API answers, in one table.
import type { Response } from 'express';
import { UntracedError } from '../../util/untraced-error.ts';

/** The kinds of problem, with the status and title of each; docs/problems.md lists them. */
export const kinds = {
  'invalid-json': { status: 400, title: 'The request body is not JSON' },
  'empty-body': { status: 400, title: 'The request body is empty' },
  'invalid-encoding': { status: 400, title: 'The request body cannot be decoded' },
  'malformed-request': { status: 400, title: 'The request is not HTTP/1.1' },
  'unknown-version': { status: 400, title: 'There is no such version' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  'not-found': { status: 404, title: 'There is nothing at this path' },
  'method-not-allowed': { status: 405, title: 'The path does not support this method' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  'precondition-failed': { status: 412, title: 'The file is another one' },
  'content-too-large': { status: 413, title: 'The request body is too large' },
  'unsupported-media-type': {
    status: 415,
    title: "The request body's media type is not supported",
  },
  'unsupported-encoding': { status: 415, title: "The request body's encoding is not supported" },
  'expectation-failed': { status: 417, title: 'The expectation cannot be met' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'range-not-satisfiable': { status: 416, title: 'The file does not have this range' },
  'invalid-input': { status: 422, title: 'The request does not fit the model' },
  'model-failure': { status: 500, title: 'The model failed' },
  'internal-error': { status: 500, title: 'The server has a fault' },
  'version-unreachable': { status: 502, title: 'The version does not respond' },
  overloaded: { status: 503, title: 'The server has too much to do' },
  unavailable: { status: 503, title: 'The server is not ready' },
  'deadline-exceeded': { status: 504, title: 'The deadline passed' },
} as const;

export type ProblemKind = keyof typeof kinds;

/** The statuses of all of them. */
export const problemStatuses: ReadonlySet<number> = new Set(
  Object.values(kinds).map(({ status }) => status),
);

/** One place in the request body that is wrong. */
export interface ProblemError {
  readonly pointer: string;
  readonly detail: string;
}

/** Thrown by a route to answer a problem. */
export class ProblemException extends UntracedError {
  override readonly name = 'ProblemException';
  readonly kind: ProblemKind;
  readonly errors: readonly ProblemError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ProblemKind,
    detail: string,
    more: {
      errors?: readonly ProblemError[];
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.kind = kind;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }

  /** Whether it is a fault of the server, whose cause nobody foresaw. */
  get isFault(): boolean {
    return this.kind === 'internal-error';
  }

  get status(): number {
    return kinds[this.kind].status;
  }
}

/** The body of a problem. */
export function problemBody(problem: ProblemException, requestId: string): object {
  const { status, title } = kinds[problem.kind];
  return {
    type: `urn:ml-api:problem:${problem.kind}`,
    title,
    status,
    detail: problem.message,
    requestId,
    ...(problem.errors && { errors: problem.errors }),
  };
}

/**
 * Answers a problem: for the Open Inference Protocol as its clients want it, which know a wrong request as 400.
 * @param headers names and values; all go in one call, since to reject a request must cost less than to serve it
 */
export function sendProblem(
  res: Response,
  problem: ProblemException,
  { id, errorsAs }: { readonly id: string; readonly errorsAs: ErrorForm },
  headers: string[],
): void {
  const isProtocols = errorsAs === 'open-inference';
  const status = isProtocols && problem.kind === 'invalid-input' ? 400 : problem.status;
  const body = isProtocols ? openInferenceErrorBody(problem) : problemBody(problem, id);
  const text = JSON.stringify(body);
  // Exactly this: KServe's client reads errors of no other type.
  const type = isProtocols ? 'application/json' : 'application/problem+json; charset=utf-8';
  headers.push('Content-Type', type, 'Content-Length', String(Buffer.byteLength(text)));
  for (const name in problem.headers) headers.push(name, problem.headers[name] ?? '');
  res.writeHead(status, headers).end(text);
}

/** The form of error responses: RFC 9457's, or the Open Inference Protocol's `{"error"}`. */
export type ErrorForm = 'problem' | 'open-inference';

export function openInferenceErrorBody(problem: ProblemException): object {
  return { error: problem.message };
}
