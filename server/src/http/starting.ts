// What is answered while the model loads: probes that say so, and 503 for everything else.
import type { RequestListener } from 'node:http';
import { liveness, readiness, startup } from '../lifecycle.ts';
import { sendPlain } from './last-resort.ts';
import { ProblemException } from './problem.ts';

const probes = { '/livez': liveness, '/readyz': readiness, '/startupz': startup };

export const answerStarting: RequestListener = (req, res) => {
  const path = req.url?.split('?')[0] ?? '/';
  const check = Object.entries(probes).find(([probe]) => path.endsWith(probe))?.[1];
  if (check !== undefined) {
    const { healthy, reason } = check({ kind: 'starting' });
    res.writeHead(healthy ? 200 : 503, { 'Content-Type': 'text/plain' }).end(reason);
    return;
  }
  if (/\/v2\/health\/(live|ready)$/.test(path)) {
    const status = path.endsWith('live') ? 200 : 503;
    res.writeHead(status, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ live: true, ready: false }));
    return;
  }
  sendPlain(req, res, loading);
};

const loading = new ProblemException(
  'unavailable',
  'The model is being loaded. Try again after 1 s.',
  { headers: { 'Retry-After': '1' } },
);
