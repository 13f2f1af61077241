// What belongs to one request and its answer: its id, the headers of every answer, its log line, its metrics.
import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Context } from '../context.ts';

/** What the server notes of a request while it answers it. */
export interface Exchange {
  readonly id: string;
  /** The path in the contract; "other" until one has matched. */
  route: string;
  /** Rows of a prediction. */
  rows?: number;
  /** Milliseconds waiting for a run, and in it. */
  queueMs?: number;
  inferenceMs?: number;
  /** Why the request failed. */
  error?: Error;
}

/** Nginx's number for a client that went away before the answer, also used by Envoy's and others' dashboards. */
const CLIENT_CLOSED_REQUEST = 499;

/** The exchange of an answer on its way. */
export function exchangeOf(res: Response): Exchange {
  return res.locals['exchange'];
}

/** Middleware that notes which path of the contract was matched. */
export function noteRoute(path: string): RequestHandler {
  return (_req, res, next) => {
    exchangeOf(res).route = path;
    next();
  };
}

/** Begins every exchange: id and headers first, log line and metrics when the connection is done with it. */
export function beginExchange(context: Context): RequestHandler {
  const { serving, contract, metrics, log, config } = context;
  const { name, version } = serving.model;
  return (req: Request, res: Response, next: NextFunction) => {
    const startedAt = performance.now();
    const traceId = traceIdOf(req.headers['traceparent']);
    const id = requestIdOf(req.headers['x-request-id']) ?? traceId ?? randomUUID();
    const exchange: Exchange = { id, route: 'other' };
    res.locals['exchange'] = exchange;
    res.setHeader('X-Request-Id', id);
    res.setHeader('ML-Model-Name', name);
    res.setHeader('ML-Model-Version', version);
    res.setHeader('ML-Contract-Hash', contract.hash);
    // A draining server asks its clients to connect anew, which brings them to another pod.
    if (context.state().kind === 'draining') res.setHeader('Connection', 'close');

    res.once('close', () => {
      const durationMs = performance.now() - startedAt;
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      metrics.requestDone(exchange.route, req.method, status, durationMs / 1000);
      const failed = status >= 400;
      if (isProbe(exchange.route) && !failed) return;
      if (!failed && config.LOG_SAMPLE < 1 && Math.random() >= config.LOG_SAMPLE) return;
      const line = {
        requestId: id,
        ...(traceId && { traceId }),
        method: req.method,
        path: req.path,
        status,
        durationMs: round(durationMs),
        ...(exchange.rows !== undefined && { rows: exchange.rows }),
        ...(exchange.queueMs !== undefined && { queueMs: round(exchange.queueMs) }),
        ...(exchange.inferenceMs !== undefined && { inferenceMs: round(exchange.inferenceMs) }),
        ...(exchange.error && { err: status >= 500 ? exchange.error : exchange.error.message }),
      };
      if (status >= 500) log.error(line, 'request');
      else log.info(line, 'request');
    });
    next();
  };
}

/** The id that the client gave, when it can stand in a log line and a header. */
function requestIdOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:/+=@-]{1,128}$/.test(header) ? header : undefined;
}

/** The trace id of a W3C traceparent header: https://www.w3.org/TR/trace-context/#traceparent-header */
function traceIdOf(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const [, id] = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header) ?? [];
  return id && !/^0+$/.test(id) ? id : undefined;
}

/** Probes come every few seconds for ever: they are logged only when they fail. */
function isProbe(route: string): boolean {
  return route === '/livez' || route === '/readyz' || route === '/startupz' || route === '/metrics';
}

/** Microseconds are enough. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
