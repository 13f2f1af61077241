// What the protocols over HTTP do alike around a call to a model.
import type { RequestHandler } from 'express';
import type { Call } from '../../serving/call.ts';
import type { Registry } from '../../serving/registry.ts';

/** Middleware that refuses requests before their bodies are read, where they would be refused after it. */
export function refuseOverload(models: Registry): RequestHandler {
  return (_req, _res, next) => next(models.main.overload());
}

/** The header Server-Timing, of milliseconds: https://www.w3.org/TR/server-timing */
export function timing({ queueMs = 0, inferenceMs = 0 }: Call): string {
  return `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`;
}
