// What is answered while the model loads: probes that say so, and 503 for everything else.
import type { RequestListener, ServerResponse } from 'node:http';
import { LoadingError } from '../../serving/errors.ts';
import { liveness, readiness, startup } from '../../serving/lifecycle.ts';
import { sendPlain } from './last-resort.ts';
import { ProblemException } from './problem.ts';

const probes = { '/livez': liveness, '/readyz': readiness, '/startupz': startup };

export const answerStarting: RequestListener = (req, res) => {
  const path = req.url?.split('?')[0] ?? '/';
  const check = Object.entries(probes).find(([probe]) => path.endsWith(probe))?.[1];
  if (check !== undefined) {
    const { healthy, reason } = check({ kind: 'starting' });
    return say(res, healthy ? 200 : 503, 'text/plain', reason);
  }
  if (/\/v2\/health\/(live|ready)$/.test(path)) {
    const status = path.endsWith('live') ? 200 : 503;
    return say(res, status, 'application/json', JSON.stringify({ live: true, ready: false }));
  }
  sendPlain(req, res, loading);
};

function say(res: ServerResponse, status: number, type: string, text: string): void {
  res.statusCode = status;
  res.setHeader('Content-Type', type).end(text);
}

const { message, retryAfterSeconds } = new LoadingError();
const loading = new ProblemException('unavailable', message, {
  headers: { 'Retry-After': String(retryAfterSeconds) },
});
