// What is answered when all else has failed: no response but the documented forms, whatever throws, wherever.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { openInferenceErrorBody, ProblemException, problemBody } from './problem.ts';

/** The last of the application's handlers: after it, Express would answer with a page that holds a stack trace. */
export function answerLastResort(log: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    log.error({ err: error }, 'an error could not be answered as usual');
    if (res.headersSent) return void res.destroy(); // a response that breaks off must not look whole
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    sendPlain(req, res, new ProblemException('internal-error', 'The server has a fault.'));
  };
}

/** Answers a problem without Express and without anything that it knows of the request. */
export function sendPlain(
  req: IncomingMessage,
  res: ServerResponse,
  problem: ProblemException,
): void {
  const [type, body] = isOpenInference(req.url ?? '')
    ? ['application/json', openInferenceErrorBody(problem)]
    : ['application/problem+json', problemBody(problem, '')];
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  res
    .writeHead(problem.status, {
      ...problem.headers,
      'Content-Type': type,
      'Content-Length': length,
    })
    .end(text);
}

/** Whether a path is the protocol's, at the root or below a base path. */
function isOpenInference(url: string): boolean {
  return /\/v2(\/|$)/.test(url.split('?')[0] ?? '');
}
