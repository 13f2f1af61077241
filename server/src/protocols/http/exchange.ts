// What belongs to one request and its answer: its id, the headers of every answer, its log line, its metrics.
import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../context.ts';
import type { ProblemException } from './problem.ts';
import { requestIdFor, traceIdOf } from './request-id.ts';

/** What the server notes of a request while it answers it. */
export interface Exchange {
  readonly id: string;
  /** The trace that the request belongs to, when the client sent a `traceparent`. */
  readonly traceId: string | undefined;
  /** Rows of a prediction. */
  rows: number | undefined;
  /** Milliseconds waiting for a run, and in it. */
  queueMs: number | undefined;
  inferenceMs: number | undefined;
  /** The version that the request was passed on to, and that counts it as its own. */
  forwardedTo: string | undefined;
  /** Why the request failed. */
  problem: ProblemException | undefined;
  /** The form of its error answers: RFC 9457's, or the Open Inference Protocol's `{"error"}`. */
  errorsAs: 'problem' | 'open-inference';
  /** Gives up the work, when the client goes away before the answer. */
  cancel: (() => void) | undefined;
}

/** Tells of an exchange that has ended. */
export type AccessLog = (
  req: Request,
  route: string,
  exchange: Exchange,
  status: number,
  durationMs: number,
) => void;

/** Nginx's number for a client that went away before the answer, which dashboards know. */
const CLIENT_CLOSED_REQUEST = 499;

/** The exchange of an answer on its way. */
export function exchangeOf(res: Response): Exchange {
  return res.locals['exchange'];
}

/** Begins every exchange, and ends it with its metrics and log line when the connection is done with it. */
export function beginExchange({ metrics, statistics }: Context, log: AccessLog): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const traceId = traceIdOf(req.headers);
    const exchange: Exchange = {
      id: requestIdFor(req.headers, traceId),
      traceId,
      rows: undefined,
      queueMs: undefined,
      inferenceMs: undefined,
      forwardedTo: undefined,
      problem: undefined,
      errorsAs: 'problem',
      cancel: undefined,
    };
    res.locals['exchange'] = exchange;
    res.once('close', () => {
      const durationMs = performance.now() - startedAt;
      if (!res.writableFinished) exchange.cancel?.();
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      const route = routeOf(req);
      const { rows, queueMs = 0, inferenceMs = 0, forwardedTo } = exchange;
      if (forwardedTo === undefined)
        metrics.requestDone(route, req.method, status, durationMs / 1000);
      else metrics.forwarded(forwardedTo, status);
      if (rows !== undefined && status < 400)
        statistics.succeeded(rows, durationMs, queueMs, inferenceMs);
      else if (rows !== undefined) statistics.failed(durationMs);
      log(req, route, exchange, status, durationMs);
    });
    next();
  };
}

/** The path of the contract that a request matched: a bounded set, unlike the paths that clients send. */
function routeOf(req: Request): string {
  const path: unknown = req.route?.path; // a list where a base path is served too
  const route = Array.isArray(path) ? path[0] : path;
  return typeof route === 'string' ? route : 'other';
}

/** Makes the headers that every answer carries, as a list of names and values. */
export function identityHeaders(context: Context): (exchange: Exchange) => string[] {
  const name = headerText(context.serving.model.name);
  const version = headerText(context.serving.model.version);
  const { hash } = context.contract;
  return ({ id }) => {
    const headers = [
      'X-Request-Id',
      id,
      'ML-Model-Name',
      name,
      'ML-Model-Version',
      version,
      'ML-Contract-Hash',
      hash,
    ];
    // A draining server asks its clients to connect anew, which brings them to another pod.
    if (context.state().kind === 'draining') headers.push('Connection', 'close');
    return headers;
  };
}

/** A text as a header can carry it: percent-encoded in UTF-8 where it is not printable ASCII. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part));
}

/** Middleware that sets them. */
export function identify(context: Context): RequestHandler {
  const headersFor = identityHeaders(context);
  return (_req, res, next) => {
    const headers = headersFor(exchangeOf(res));
    for (let i = 0; i < headers.length; i += 2)
      res.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
    next();
  };
}
