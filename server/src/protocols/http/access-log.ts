// One log line a request, without anything that a client sent but the request's id: inputs may be private, and are in paths
// and in what errors quote, too. As many lines as LOG_SAMPLE and LOG_RATE allow, so that a busy server does not spend more
// on telling of its work than on the work.

import { withoutMessage } from '../../observe/log.ts';
import { limiter } from '../../util/rate-limit.ts';
import type { Context } from '../context.ts';
import type { AccessLog, Exchange } from './exchange.ts';
import type { ProblemKind } from './problem.ts';

export function accessLog({ log, config }: Context): AccessLog {
  const admitSuccess = limiter(config.LOG_RATE);
  const admitFailure = limiter(config.LOG_RATE); // of their own, so that neither hides the other
  return (req, route, exchange, status, durationMs) => {
    const failed = status >= 400;
    if (!failed) {
      if (isProbe(route)) return; // they come every few seconds for ever
      if (config.LOG_SAMPLE < 1 && Math.random() >= config.LOG_SAMPLE) return;
    }
    const suppressed = failed ? admitFailure() : admitSuccess();
    if (suppressed === undefined) return;
    const { id, traceId, rows, queueMs, inferenceMs, forwardedTo } = exchange;
    const line = {
      requestId: id,
      ...(traceId && { traceId }),
      method: req.method,
      route,
      status,
      durationMs: round(durationMs),
      ...(rows !== undefined && { rows }),
      ...(queueMs !== undefined && { queueMs: round(queueMs) }),
      ...(inferenceMs !== undefined && { inferenceMs: round(inferenceMs) }),
      ...(forwardedTo && { forwardedTo }),
      ...(suppressed > 0 && { suppressed }),
      ...whyFailed(exchange),
    };
    if (status >= 500) log.error(line, 'request');
    else log.info(line, 'request');
  };
}

/** The kind of the problem; the cause too where it is the server's. What the client was told may quote its request. */
function whyFailed({ problem }: Exchange): object {
  if (problem === undefined) return {};
  const { kind, cause } = problem;
  return { problem: kind, ...(cause instanceof Error && { err: logged(kind, cause) }) };
}

/** A fault of the server may quote anything in its message; the causes of other problems are made to be logged. */
function logged(kind: ProblemKind, cause: Error): object {
  return kind === 'internal-error' ? withoutMessage(cause) : cause;
}

function isProbe(route: string): boolean {
  return route === '/livez' || route === '/readyz' || route === '/startupz' || route === '/metrics';
}

/** Microseconds are enough. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
