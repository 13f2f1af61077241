// The one place where errors become answers.
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { DeadlineError, OverloadedError } from '../../serving/queue/queue-errors.ts';
import { InputError } from '../../tensor/input-error.ts';
import { quote } from '../../util/quote.ts';
import type { Context } from '../context.ts';
import { exchangeOf, identify } from './exchange.ts';
import { isOpenInference } from './last-resort.ts';
import { ProblemException, sendOpenInferenceError, sendProblem } from './problem.ts';

/** Answers every error as a problem. */
export function answerErrors(context: Context): ErrorRequestHandler {
  const setHeaders = identify(context);
  return (error: unknown, req, res, next) => {
    const exchange = exchangeOf(res);
    const problem = asProblem(error);
    exchange.problem = problem;
    // Answered already, as a request whose body breaks off is. A fault is logged even then.
    if (res.writableEnded && problem.kind !== 'internal-error') return;
    if (res.headersSent) return next(error);
    removeBodyHeaders(res);
    // A path that cannot be decoded has reached no route that could have marked it.
    const isProtocols =
      exchange.errorsAs === 'open-inference' ||
      (error instanceof URIError && isOpenInference(req.url));
    const send = isProtocols ? sendOpenInferenceError : sendProblem;
    setHeaders(req, res, () => send(res, problem, exchange.id));
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

/** Answers paths that are not in the contract. */
export function answerUnknownPaths(paths: readonly string[]): RequestHandler {
  return (req, _res, next) =>
    next(
      new ProblemException(
        'not-found',
        `There is nothing at ${quote(req.path)}. There is: ${paths.join(', ')}.`,
      ),
    );
}

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
        `${path} does not answer ${req.method}; expected ${allow}.`,
        {
          headers: { Allow: allow },
        },
      ),
    );
  };
}

function asProblem(error: unknown): ProblemException {
  if (error instanceof ProblemException) return error;
  if (error instanceof InputError)
    return new ProblemException('invalid-input', error.message, {
      errors: [{ pointer: error.pointer, detail: error.expectation }],
    });
  if (error instanceof OverloadedError) {
    const seconds = String(error.retryAfterSeconds);
    return new ProblemException('overloaded', `${error.message}. Try again after ${seconds} s.`, {
      headers: { 'Retry-After': seconds },
    });
  }
  if (error instanceof DeadlineError)
    return new ProblemException(
      'deadline-exceeded',
      `No prediction within ${error.timeoutMs} ms. Send fewer rows, or try again when there is less load.`,
    );
  // Express itself refuses a path with a bad % escape.
  if (error instanceof URIError)
    return new ProblemException('not-found', `The path cannot be decoded: ${error.message}.`);
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500) return refusalOfFile(status);
  return new ProblemException(
    'internal-error',
    "The server has a fault. The server's log has the cause under this request id.",
    {
      cause: error,
    },
  );
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
