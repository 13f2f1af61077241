// The one place where errors become statuses of gRPC.
import { Metadata, status } from '@grpc/grpc-js';
import { DeadlineError, LoadingError, OverloadedError } from '../../serving/errors.ts';
import { CallError, type ErrorCode } from '../../util/call-error.ts';
import { FAULT } from '../fault.ts';

/** What an error is to gRPC, and to the log. */
export interface Failure {
  readonly code: status;
  /** As HTTP calls it, in log lines. */
  readonly kind: string;
  /** For whoever called. */
  readonly message: string;
  readonly cause?: unknown;
  /** Whether it is a fault of the server, whose cause nobody foresaw. */
  readonly isFault: boolean;
  readonly retryAfterSeconds?: number;
}

/** What this protocol itself refuses. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: status;
  readonly kind: string;

  constructor(code: status, kind: string, message: string) {
    super(message);
    this.code = code;
    this.kind = kind;
  }
}

/** What a call that came to nothing is to gRPC. */
const statuses: Readonly<Record<ErrorCode, { readonly code: status; readonly kind: string }>> = {
  'invalid-input': { code: status.INVALID_ARGUMENT, kind: 'invalid-input' },
  'not-found': { code: status.NOT_FOUND, kind: 'not-found' },
  // As Triton, and what gRPC's clients retry; RESOURCE_EXHAUSTED would be a quota of the caller's.
  'queue-full': { code: status.UNAVAILABLE, kind: 'overloaded' },
  'deadline-exceeded': { code: status.DEADLINE_EXCEEDED, kind: 'deadline-exceeded' },
  cancelled: { code: status.CANCELLED, kind: 'cancelled' },
  'model-failure': { code: status.INTERNAL, kind: 'model-failure' },
  unavailable: { code: status.UNAVAILABLE, kind: 'unavailable' },
};

export function failureOf(error: unknown): Failure {
  if (error instanceof RpcError) {
    const { code, kind, message } = error;
    return { code, kind, message, isFault: false };
  }
  if (error instanceof CallError)
    return {
      ...statuses[error.code],
      message: error.message,
      cause: error.cause,
      isFault: false,
      ...((error instanceof OverloadedError || error instanceof LoadingError) && {
        retryAfterSeconds: error.retryAfterSeconds,
      }),
    };
  const { INTERNAL: code } = status;
  return { code, kind: 'internal-error', message: FAULT, cause: error, isFault: true };
}

/** What the library refuses by itself, in our words. @param limits what it was told */
export function refusalOfLibrary(
  { code, details }: { readonly code: status; readonly details: string },
  { maxMessageBytes, timeoutMs }: { readonly maxMessageBytes: number; readonly timeoutMs: number },
): Failure {
  const isFault = false;
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return failureOf(new DeadlineError(timeoutMs));
    case status.RESOURCE_EXHAUSTED: {
      const message = `The message is larger than ${maxMessageBytes} bytes. Send fewer rows a request.`;
      return { code, kind: 'content-too-large', message, isFault };
    }
    case status.INTERNAL:
      // A message that cannot be decompressed, a grpc-timeout that is none: the client's fault.
      if (/decompress|grpc-timeout/.test(details))
        return {
          code: status.INVALID_ARGUMENT,
          kind: 'malformed-request',
          message: details,
          isFault,
        };
      return failureOf(new Error(details));
    case status.UNKNOWN: // a handler threw
      return failureOf(new Error(details));
    default:
      return { code, kind: 'malformed-request', message: details, isFault };
  }
}

/** The status of HTTP that gRPC's gateways give for one of gRPC, by which metrics and log lines count. */
const ofHttp: Readonly<Record<status, number>> = {
  [status.OK]: 200,
  [status.CANCELLED]: 499,
  [status.UNKNOWN]: 500,
  [status.INVALID_ARGUMENT]: 400,
  [status.DEADLINE_EXCEEDED]: 504,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.FAILED_PRECONDITION]: 400,
  [status.ABORTED]: 409,
  [status.OUT_OF_RANGE]: 400,
  [status.UNIMPLEMENTED]: 501,
  [status.INTERNAL]: 500,
  [status.UNAVAILABLE]: 503,
  [status.DATA_LOSS]: 500,
  [status.UNAUTHENTICATED]: 401,
};

export function httpStatusOf(code: status): number {
  return ofHttp[code];
}

/** Characters of a message: all of it is in a header, and clients take 8 KiB of them. */
const MAX_MESSAGE = 1024;

/** A failure as the library sends it. */
export function statusOf(failure: Failure, trailers: readonly (readonly [string, string])[]) {
  const { code, message, retryAfterSeconds } = failure;
  const metadata = new Metadata();
  for (const [name, value] of trailers) metadata.set(name, value);
  if (retryAfterSeconds !== undefined) {
    metadata.set('retry-after', String(retryAfterSeconds));
    // What clients with a retry policy go by: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
    metadata.set('grpc-retry-pushback-ms', String(retryAfterSeconds * 1000));
  }
  return { code, details: detailsOf(message), metadata };
}

/** A message as a status can carry it. */
export function detailsOf(message: string): string {
  // Half a surrogate pair cannot be percent-encoded: the library would throw.
  const whole = message.toWellFormed();
  return whole.length > MAX_MESSAGE ? `${whole.slice(0, MAX_MESSAGE)}…`.toWellFormed() : whole;
}
