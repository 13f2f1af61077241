// One log line a request, without anything that a client sent but the request's id: inputs may be private, and are in paths
// and in what errors quote, too. As many lines as LOG_SAMPLE and LOG_RATE allow, so that a busy server does not spend more
// on telling of its work than on the work.
import type { Logger } from 'pino';
import { limiter, type Tally } from '../util/rate-limit.ts';
import type { Exchange } from './exchange.ts';
import { withoutMessage } from './log.ts';
import type { Observer } from './observer.ts';

/** Settings, by the names of their environment variables. */
export interface AccessLogSettings {
  /** Share of the successful requests that are logged. */
  readonly LOG_SAMPLE: number;
  /** Requests a second that are logged at most, successes and failures each; 0: no limit. */
  readonly LOG_RATE: number;
}

/** Where the threads of a process count what they log. */
export interface LogTallies {
  readonly successes: Tally;
  readonly failures: Tally;
}

/** A subscriber that logs. */
export function accessLog(
  log: Logger,
  { LOG_SAMPLE, LOG_RATE }: AccessLogSettings,
  { successes, failures }: LogTallies,
): Pick<Observer, 'exchangeEnded'> {
  const admitSuccess = limiter(LOG_RATE, successes);
  const admitFailure = limiter(LOG_RATE, failures); // of their own, so that neither hides the other
  return {
    exchangeEnded(exchange) {
      const { status } = exchange;
      const failed = status >= 400;
      if (!failed) {
        if (exchange.isProbe) return;
        if (LOG_SAMPLE < 1 && Math.random() >= LOG_SAMPLE) return;
      }
      const suppressed = failed ? admitFailure() : admitSuccess();
      if (suppressed === undefined) return;
      const line = lineOf(exchange, suppressed);
      if (status >= 500) log.error(line, 'request');
      else log.info(line, 'request');
    },
  };
}

function lineOf(exchange: Exchange, suppressed: number): object {
  const { id, traceId, method, route, model, status, durationMs, forwardedTo } = exchange;
  const { rows, queueMs, inferenceMs } = exchange.call ?? {};
  return {
    requestId: id,
    ...(traceId && { traceId }),
    method,
    route,
    ...(model && { model: model.name }),
    status,
    durationMs: round(durationMs),
    ...(rows !== undefined && { rows }),
    ...(queueMs !== undefined && { queueMs: round(queueMs) }),
    ...(inferenceMs !== undefined && { inferenceMs: round(inferenceMs) }),
    ...(forwardedTo && { forwardedTo }),
    ...(suppressed > 0 && { suppressed }),
    ...whyFailed(exchange),
  };
}

/** The kind of the problem; the cause too where it is the server's. What the client was told may quote its request. */
function whyFailed({ problem }: Exchange): object {
  if (problem === undefined) return {};
  const { kind, cause, isFault } = problem;
  if (!(cause instanceof Error)) return { problem: kind };
  // A fault of the server may quote anything in its message; the causes of other problems are made to be logged.
  return { problem: kind, err: isFault ? withoutMessage(cause) : cause };
}

/** Microseconds are enough. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
