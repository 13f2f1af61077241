// What the protocols over HTTP do alike around a call to a model.
import type { NextFunction, RequestHandler } from 'express';
import type { Call } from '../../serving/call.ts';
import type { Registry } from '../../serving/registry.ts';

/** Middleware that refuses requests before their bodies are read, where they would be refused after it. */
export function refuseOverload(models: Registry): RequestHandler {
  return (_req, _res, next) => next(models.main.overload());
}

/** Writes what a call has come to; why it has not, or could not be written, goes to Express. */
export function respond<Result>(
  call: Promise<Result>,
  next: NextFunction,
  write: (result: Result) => void,
): void {
  call.then((result) => {
    try {
      write(result);
    } catch (error) {
      next(error);
    }
  }, next);
}

/** The header Server-Timing, of milliseconds: https://www.w3.org/TR/server-timing */
export function timing({ queueMs = 0, inferenceMs = 0 }: Call): string {
  return `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`;
}
