// What the protocols over HTTP do alike around a call to a model.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Call } from '../../serving/call.ts';
import type { Registry } from '../../serving/registry.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { ExpectedRows } from '../expected-rows.ts';
import { exchangeOf, type IdentityHeaders, identify } from './exchange.ts';

/**
 * The model that a request is about: the one that its path names, or the main one. Noted in its exchange.
 * @throws NotFoundError, NotServedError
 */
export function modelOf(models: Registry, { params }: Request, res: Response): ServedModel {
  // Of the Open Inference Protocol, or what stands before every path of a model.
  const { model, version, name, nameVersion } = params;
  const served =
    model === undefined
      ? models.find(only(name), only(nameVersion))
      : models.find(only(model), only(version));
  exchangeOf(res).served = served;
  return served;
}

/** Middleware that sets the headers of a response: those of the model that the path names, where it names one that is served. */
export function identifyModel(models: Registry, headersFor: IdentityHeaders): RequestHandler {
  const identified = identify(headersFor);
  return (req, res, next) => {
    if (req.params['name'] !== undefined || req.params['model'] !== undefined)
      try {
        modelOf(models, req, res);
      } catch {
        // The handler finds none either, and says so.
      }
    identified(req, res, next);
  };
}

/** A parameter of a path, which here never is a list. */
function only(parameter: string | string[] | undefined): string | undefined {
  return typeof parameter === 'string' ? parameter : undefined;
}

/**
 * Refuses requests where the queue has no room for them: by their heads, before their bodies are read, and again before these are
 * parsed, which is most of what a large request costs.
 */
export class Gate {
  readonly #models: Registry;
  readonly #rows = new ExpectedRows();

  constructor(models: Registry) {
    this.#models = models;
  }

  /** Middleware for before a body is read. */
  readonly byHead: RequestHandler = (req, res, next) =>
    next(
      this.#refusal(modelOf(this.#models, req, res), Number(req.headers['content-length'] ?? 0)),
    );

  /** Middleware for once it has been read, as bytes. */
  readonly byBody: RequestHandler = (req, res, next) =>
    next(this.#refusal(exchangeOf(res).served ?? modelOf(this.#models, req, res), req.body.length));

  /** Learns from a call that was taken. */
  took({ headers }: Request, served: ServedModel, { rows }: Call): void {
    const bytes = Number(headers['content-length']);
    // How far a body was compressed, or how long one of unknown length was, others need not share.
    if (rows === undefined || !(bytes > 0) || headers['content-encoding'] !== undefined) return;
    this.#rows.learn(served, bytes, rows);
  }

  #refusal(served: ServedModel, length: number) {
    return served.overload(this.#rows.of(served, length));
  }
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
