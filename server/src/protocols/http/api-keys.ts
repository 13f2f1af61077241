// What needs an API key, over HTTP.
import type { RequestHandler } from 'express';
import { type ApiKeys, whyNotLetIn } from '../api-keys.ts';
import { ProblemException } from './problem.ts';

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
