// What the protocols over HTTP do alike around a call to a model.
import type {
  Application,
  ErrorRequestHandler,
  NextFunction,
  Request,
  RequestHandler,
  Response,
} from 'express';
import type { Call } from '../../serving/call.ts';
import { NotFoundError } from '../../serving/errors.ts';
import type { Registry } from '../../serving/registry.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { FewPerTurn } from '../../util/few-per-turn.ts';
import { ExpectedRows } from '../expected-rows.ts';
import { exchangeOf } from './exchange.ts';

/**
 * The model that a request is about: the one that its path names, or the main one. Noted in its exchange.
 * @throws NotFoundError, NotServedError
 */
export function modelOf(models: Registry, { params }: Request, res: Response): ServedModel {
  const served = models.find(...namedIn(params));
  exchangeOf(res).served = served;
  return served;
}

/** The same before anything has been asked of it; undefined where there is none. */
export function servedIn(
  models: Registry,
  { params }: Pick<Request, 'params'>,
): ServedModel | undefined {
  try {
    return models.servedBy(...namedIn(params));
  } catch {
    return undefined; // the handler says why
  }
}

/**
 * The model that the path of a request names, whatever became of the request; undefined where there is none.
 * See `noteNames`.
 */
export function servedNamed(models: Registry, res: Response): ServedModel | undefined {
  const { params } = exchangeOf(res);
  return params === undefined ? undefined : servedIn(models, { params });
}

/** Notes what a path names where it first matches a route, or a page. Costs paths that name no model nothing. */
export function noteNames(app: Application): void {
  for (const parameter of ['name', 'nameVersion', 'model', 'version'])
    app.param(parameter, ({ params }, res, next) => {
      exchangeOf(res).params ??= params; // Express goes on to match pages when a route has failed
      next();
    });
}

/** Middleware that notes them where nothing serves the path. */
export const noteUnserved: RequestHandler = ({ params }, res, next) => {
  exchangeOf(res).params = params;
  next();
};

/**
 * Middleware for what is about the server: below the path of a model, it is there only where the model is.
 * @throws NotFoundError, NotServedError
 */
export function onlyBelowServed(models: Registry): RequestHandler {
  return ({ params }, _res, next) => {
    if (params['name'] !== undefined) models.find(...namedIn(params));
    next();
  };
}

/**
 * What a path names: below `/models/NAME/versions/VERSION`, that is the only one that there is, whatever paths of the Open Inference
 * Protocol name once more.
 * @throws NotFoundError
 */
function namedIn({
  model,
  version,
  name,
  nameVersion,
}: Request['params']): [name: string | undefined, version: string | undefined] {
  if (model === undefined) return [only(name), only(nameVersion)];
  if (name === undefined) return [only(model), only(version)];
  if (name !== model || (nameVersion && version && nameVersion !== version))
    throw new NotFoundError(
      'The path begins with one model or version and ends with another; expected the same, or none at its beginning',
    );
  return [only(name), only(nameVersion ?? version)];
}

/** A parameter of a path, which here never is a list. */
function only(parameter: string | string[] | undefined): string | undefined {
  return typeof parameter === 'string' ? parameter : undefined;
}

/** So few that a burst of requests to one model does not keep those to another waiting, and their runs. */
const REFUSALS_PER_TURN = 4;

/**
 * Refuses requests where the queue has no room for them: by their heads, before their bodies are read, and again before these are
 * parsed, which is most of what a large request costs.
 */
export class Gate {
  readonly #models: Registry;
  readonly #answer: ErrorRequestHandler;
  readonly #rows = new ExpectedRows();
  readonly #refusals = new FewPerTurn(REFUSALS_PER_TURN);

  /** @param answer answers a refusal; Express would look at all routes that come after, at the cost of a prediction */
  constructor(models: Registry, answer: ErrorRequestHandler) {
    this.#models = models;
    this.#answer = answer;
  }

  /** Middleware for before a body is read. */
  readonly byHead: RequestHandler = (req, res, next) => {
    const served = modelOf(this.#models, req, res);
    const refusal = this.#refusal(served, Number(req.headers['content-length'] ?? 0));
    if (refusal === undefined) return next();
    this.#refusals.add(() => {
      if (res.destroyed) return; // the client has gone meanwhile
      try {
        this.#answer(refusal, req, res, next);
      } catch (error) {
        next(error); // out of Express' reach, it would end the process
      }
    });
  };

  /** Middleware for once it has been read, as bytes. */
  readonly byBody: RequestHandler = (req, res, next) => {
    const served = exchangeOf(res).served ?? modelOf(this.#models, req, res);
    const refusal = this.#refusal(served, req.body.length);
    return refusal === undefined ? next() : this.#answer(refusal, req, res, next);
  };

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
