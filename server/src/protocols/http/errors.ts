// The one place where errors become answers.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { CancelledError, NotFoundError, OverloadedError } from '../../serving/errors.ts';
import { InputError } from '../../tensor/input-error.ts';
import { CallError, type ErrorCode } from '../../util/call-error.ts';
import { quote } from '../../util/quote.ts';
import { FAULT } from '../fault.ts';
import { exchangeOf, type IdentityHeaders, type ServedIn } from './exchange.ts';
import { isOpenInference } from './last-resort.ts';
import { ProblemException, type ProblemKind, sendProblem } from './problem.ts';

/**
 * Answers every error as a problem.
 * @param mayKnow whether a caller may be told which models there are
 * @param servedIn the model of a request that failed before it was found; undefined: the main one
 */
export function answerErrors(
  headersFor: IdentityHeaders,
  mayKnow: (req: Request) => boolean,
  servedIn: ServedIn = () => undefined,
): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (error instanceof CancelledError) return; // there is nobody to answer
    const exchange = exchangeOf(res);
    const isSecret = error instanceof NotFoundError && !mayKnow(req);
    const problem = isSecret ? new ProblemException('not-found', error.discreet) : asProblem(error);
    exchange.problem = problem;
    // Answered already, as a request whose body breaks off is. A fault is logged even then.
    if (res.writableEnded && problem.kind !== 'internal-error') return;
    if (res.headersSent) return next(error);
    removeBodyHeaders(res);
    // A path that cannot be decoded has reached no route that could have marked it.
    const isProtocols =
      exchange.errorsAs === 'open-inference' ||
      (error instanceof URIError && isOpenInference(req.url));
    const { id, served = servedIn(req, res) } = exchange;
    const errorsAs = isProtocols ? 'open-inference' : 'problem';
    sendProblem(res, problem, { id, errorsAs }, headersFor({ id, served }));
  };
}

/** What a handler that failed has said of a body that will not come. */
const ABOUT_THE_BODY = [
  ...['Accept-Ranges', 'Cache-Control', 'Content-Encoding', 'Content-Length', 'Content-Range'],
  ...['ETag', 'Inference-Header-Content-Length', 'Last-Modified', 'Server-Timing'],
];

function removeBodyHeaders(res: Response): void {
  for (const name of ABOUT_THE_BODY) res.removeHeader(name);
}

/**
 * Answers paths that are not in the contract.
 * @param there a sentence on what there is
 */
export function answerUnknownPaths(there: string): RequestHandler {
  return (req, _res, next) =>
    next(new ProblemException('not-found', `There is nothing at ${quote(req.path)}. ${there}`));
}

/** Answers who would load or unload models of a server that lets nobody. */
export const answerNoOperators: RequestHandler = (_req, _res, next) =>
  next(
    new ProblemException(
      'not-found',
      'Nobody may load or unload models of this server. For that, start it with MODELS_DIR and OPERATOR_KEYS_FILE.',
    ),
  );

/** Answers methods that a path of the contract does not have. */
export function answerOtherMethods(path: string, methods: readonly string[]): RequestHandler {
  const allow = methods
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
  return (req, res, next) => {
    if (req.method === 'OPTIONS') return void res.set('Allow', allow).status(204).end();
    next(
      new ProblemException(
        'method-not-allowed',
        `${path} does not support ${req.method}; expected ${allow}.`,
        {
          headers: { Allow: allow },
        },
      ),
    );
  };
}

function asProblem(error: unknown): ProblemException {
  if (error instanceof ProblemException) return error;
  if (error instanceof CallError) return problemOf(error);
  // Express itself refuses a path with a bad % escape.
  if (error instanceof URIError)
    return new ProblemException('not-found', `The path cannot be decoded: ${error.message}.`);
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500) return refusalOfFile(status);
  return new ProblemException('internal-error', FAULT, {
    cause: error,
  });
}

/** What a call that came to nothing is to HTTP. */
const kinds: Readonly<Record<ErrorCode, ProblemKind>> = {
  'invalid-input': 'invalid-input',
  'not-found': 'not-found',
  'queue-full': 'overloaded',
  'deadline-exceeded': 'deadline-exceeded',
  cancelled: 'internal-error', // nobody is there to be told
  'model-failure': 'model-failure',
  unavailable: 'unavailable',
};

function problemOf(error: CallError): ProblemException {
  return new ProblemException(kinds[error.code], error.message, {
    cause: error.cause,
    ...(error instanceof InputError && {
      errors: [{ pointer: error.pointer, detail: error.expectation }],
    }),
    ...(error instanceof OverloadedError && {
      headers: { 'Retry-After': String(error.retryAfterSeconds) },
    }),
  });
}

/** Errors of the package `send`, which serves the files of pages: it honours conditions and ranges. */
function refusalOfFile(status: number): ProblemException {
  if (status === 412)
    return new ProblemException(
      'precondition-failed',
      'The file is not the one that If-Match or If-Unmodified-Since names.',
    );
  if (status === 416)
    return new ProblemException('range-not-satisfiable', 'The file does not have this range.');
  return new ProblemException('not-found', 'There is no such file.');
}
