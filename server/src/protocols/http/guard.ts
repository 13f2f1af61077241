// Wherever a request's code throws, its client gets an error in a documented form, and the process goes on.
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import type { Logger } from 'pino';
import { answerLastResort } from './last-resort.ts';
import { ProblemException } from './problem.ts';

/**
 * The application as a listener of Node's server. Express answers what its handlers throw. This answers what it leaves: what
 * listeners of a request or a response throw, which would end the process, and what Express itself would answer with a page.
 * @param usual answers as the application does
 */
export function guard(app: Express, usual: ErrorRequestHandler, log: Logger): RequestListener {
  const last = answerLastResort(log);
  const answer = (error: unknown, req: Request, res: Response) => {
    try {
      usual(error, req, res, (worse?: unknown) => last(worse, req, res));
    } catch (worse) {
      last(worse, req, res);
    }
  };
  const { request, response } = app;
  // Express makes these the prototypes of every request and response, so a guard here costs a request nothing more.
  guardListeners(request, (error, req: Request) => {
    if (req.res) answer(error, req, req.res);
  });
  guardListeners(response, (error, res: Response) => answer(error, res.req, res));
  return (req, res) => callExpress(app, req, res, (error) => last(error, req, res));
}

/** @param done gets what no handler of the application took: a request whose target Express cannot read, for one */
function callExpress(
  app: Express,
  req: IncomingMessage,
  res: ServerResponse,
  done: (error: unknown) => void,
): void {
  try {
    // The types of Express hide its third parameter, without which it answers with a page of its own.
    Reflect.apply(app, undefined, [req, res, (error: unknown) => done(error ?? unread())]);
  } catch (error) {
    done(error);
  }
}

/** Made when it is needed: an error collects its stack, which costs as much as a tenth of a prediction. */
function unread(): ProblemException {
  return new ProblemException('not-found', 'The request target cannot be read.');
}

function guardListeners<Emitter extends EventEmitter>(
  prototype: Emitter,
  failed: (error: unknown, emitter: Emitter) => void,
): void {
  const { emit } = prototype;
  prototype.emit = function (this: Emitter, ...event: Parameters<typeof emit>) {
    try {
      return Reflect.apply(emit, this, event);
    } catch (error) {
      failed(error, this);
      return true;
    }
  };
}
