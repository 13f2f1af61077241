// What the protocols over HTTP do alike around a call to a model.
import type { NextFunction, Request, RequestHandler } from 'express';
import type { Call } from '../../serving/call.ts';
import type { Registry } from '../../serving/registry.ts';

/**
 * Refuses requests where the queue has no room for them: by their heads, before their bodies are read, and again before these are
 * parsed, which is most of what a large request costs. How many rows a body has is told by its length and by those before it.
 */
export class Gate {
  readonly #models: Registry;
  #rows = 0;
  #bytes = 0;

  constructor(models: Registry) {
    this.#models = models;
  }

  /** Middleware for before a body is read. */
  readonly byHead: RequestHandler = ({ headers }, _res, next) =>
    next(this.#refusal(Number(headers['content-length'] ?? 0)));

  /** Middleware for once it has been read, as bytes. */
  readonly byBody: RequestHandler = ({ body }, _res, next) => next(this.#refusal(body.length));

  /** Learns from a call that was taken. */
  took({ headers }: Request, { rows }: Call): void {
    const bytes = Number(headers['content-length']);
    // How far a body was compressed, or how long one of unknown length was, others need not share.
    if (rows === undefined || !(bytes > 0) || headers['content-encoding'] !== undefined) return;
    this.#rows = REMEMBERED * this.#rows + rows;
    this.#bytes = REMEMBERED * this.#bytes + bytes;
  }

  #refusal(bytes: number) {
    const rows = this.#bytes === 0 ? 1 : Math.floor((bytes * this.#rows) / this.#bytes);
    return this.#models.main.overload(Math.max(1, rows));
  }
}

/** The share of what was learned that a new call leaves: about a hundred calls count. */
const REMEMBERED = 0.99;

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
