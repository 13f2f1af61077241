// One log line a request. Failures always; successes as many as LOG_SAMPLE and LOG_RATE allow, so that a busy
// server does not spend more on telling of its work than on the work.
import type { Context } from '../context.ts';
import type { AccessLog } from './exchange.ts';
import { limiter } from './rate-limit.ts';

export function accessLog({ log, config }: Context): AccessLog {
  const admit = limiter(config.LOG_RATE);
  return (req, route, exchange, status, durationMs) => {
    const failed = status >= 400;
    let suppressed = 0;
    if (!failed) {
      if (isProbe(route)) return; // they come every few seconds for ever
      if (config.LOG_SAMPLE < 1 && Math.random() >= config.LOG_SAMPLE) return;
      const admitted = admit();
      if (admitted === undefined) return;
      suppressed = admitted;
    }
    const { id, traceId, rows, queueMs, inferenceMs, forwardedTo, error } = exchange;
    const line = {
      requestId: id,
      ...(traceId && { traceId }),
      method: req.method,
      path: req.path,
      status,
      durationMs: round(durationMs),
      ...(rows !== undefined && { rows }),
      ...(queueMs !== undefined && { queueMs: round(queueMs) }),
      ...(inferenceMs !== undefined && { inferenceMs: round(inferenceMs) }),
      ...(forwardedTo && { forwardedTo }),
      ...(suppressed > 0 && { suppressed }),
      ...(error && (status >= 500 ? { err: error } : { reason: error.message })),
    };
    if (status >= 500) log.error(line, 'request');
    else log.info(line, 'request');
  };
}

function isProbe(route: string): boolean {
  return route === '/livez' || route === '/readyz' || route === '/startupz' || route === '/metrics';
}

/** Microseconds are enough. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
