// What needs an API key, over HTTP.
import type { Request, RequestHandler } from 'express';
import { type ApiKeys, whyNotLetIn } from '../api-keys.ts';
import { ProblemException } from './problem.ts';

/** Whether a caller may know what only those know whom the keys let in; all may where there are none. */
export function isLetIn(keys: ApiKeys | undefined): (req: Pick<Request, 'headers'>) => boolean {
  return ({ headers }) => keys === undefined || whyNotLetIn(keys, headers) === undefined;
}

/** Middleware that lets only callers with a key pass. */
export function requireApiKey(keys: ApiKeys): RequestHandler {
  return (req, _res, next) => {
    const why = whyNotLetIn(keys, req.headers);
    if (why === undefined) return next();
    next(
      new ProblemException('unauthorized', why, {
        headers: { 'WWW-Authenticate': 'Bearer realm="ml-api"' },
      }),
    );
  };
}
