// What belongs to one request and its response: its id, the headers of every response, and what is told of it in the end.
import type { Request, RequestHandler, Response } from 'express';
import type { Model } from '../../model/model.ts';
import type { Exchange } from '../../observe/exchange.ts';
import type { Observer } from '../../observe/observer.ts';
import { Call } from '../../serving/call.ts';
import type { State } from '../../serving/lifecycle.ts';
import type { Registry } from '../../serving/registry.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { identityOf } from '../identity.ts';
import { requestIdFor, traceIdOf } from '../request-id.ts';
import type { ErrorForm, ProblemException } from './problem.ts';

/** Nginx's number for a client that went away before the response, which dashboards know. */
const CLIENT_CLOSED_REQUEST = 499;

const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/startupz', '/metrics']);

/** What the server notes of a request while it answers it. */
export class HttpExchange implements Exchange {
  readonly id: string;
  readonly traceId: string | undefined;
  readonly #req: Request;
  readonly #res: Response;
  readonly #startedAt: number;
  served: ServedModel | undefined;
  call: Call | undefined;
  forwardedTo: string | undefined;
  problem: ProblemException | undefined;
  errorsAs: ErrorForm;
  /** What its path names, as the routes have it: errors no longer have the parameters of their routes. */
  params: Request['params'] | undefined;

  constructor(req: Request, res: Response) {
    this.traceId = traceIdOf(req.headers);
    this.id = requestIdFor(req.headers, this.traceId);
    this.#req = req;
    this.#res = res;
    this.#startedAt = performance.now();
    this.served = undefined;
    this.call = undefined;
    this.forwardedTo = undefined;
    this.problem = undefined;
    this.errorsAs = 'problem';
    this.params = undefined;
  }

  get method(): string {
    return this.#req.method;
  }

  /** The path of the contract that the request matched. */
  get route(): string {
    const path: unknown = this.#req.route?.path; // a list where a base path is served too
    const route = Array.isArray(path) ? path[0] : path;
    return typeof route === 'string' ? route : 'other';
  }

  get model(): Model | undefined {
    return this.served?.model;
  }

  get isProbe(): boolean {
    return PROBES.has(this.route);
  }

  get status(): number {
    return this.#res.writableFinished ? this.#res.statusCode : CLIENT_CLOSED_REQUEST;
  }

  /** So far. */
  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Begins what it asks of a model. */
  begin(): Call {
    this.call = new Call(this.id, this.#req.headers);
    return this.call;
  }
}

/** The exchange of a response on its way. */
export function exchangeOf(res: Response): HttpExchange {
  return res.locals['exchange'];
}

/** Begins every exchange, and tells of it when the connection is done with it. */
export function beginExchange(observer: Pick<Observer, 'exchangeEnded'>): RequestHandler {
  return (req, res, next) => {
    const exchange = new HttpExchange(req, res);
    res.locals['exchange'] = exchange;
    res.on('close', () => {
      if (!res.writableFinished) exchange.call?.cancel();
      observer.exchangeEnded(exchange);
    });
    next();
  };
}

/** Makes the headers that every response carries, as a list of names and values. */
export type IdentityHeaders = (exchange: Pick<HttpExchange, 'id' | 'served'>) => string[];

/** @returns headers that name a model: the main one where a response is about none */
export function identityHeaders(models: Registry, state: () => State): IdentityHeaders {
  return ({ id, served = models.servedBy(undefined, undefined) }) => {
    const headers = ['X-Request-Id', id];
    for (const [name, value] of served ? identityOf(served) : []) headers.push(name, value);
    // A draining server asks its clients to connect anew, which brings them to another pod.
    if (state().kind === 'draining') headers.push('Connection', 'close');
    return headers;
  };
}

/** Finds the model of a request that no handler has seen yet; undefined: the main one. */
export type ServedIn = (req: Request, res: Response) => ServedModel | undefined;

/** Middleware that sets them. */
export function identify(
  headersFor: IdentityHeaders,
  servedIn: ServedIn = () => undefined,
): RequestHandler {
  return (req, res, next) => {
    const { id, served = servedIn(req, res) } = exchangeOf(res);
    const headers = headersFor({ id, served });
    for (let i = 0; i < headers.length; i += 2)
      res.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
    next();
  };
}
