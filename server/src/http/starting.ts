// What is answered while the model loads: probes that say so, and 503 for everything else.
import type { RequestListener } from 'node:http';
import { liveness, readiness, startup } from '../lifecycle.ts';

const probes = { '/livez': liveness, '/readyz': readiness, '/startupz': startup };

export const answerStarting: RequestListener = (req, res) => {
  const path = req.url?.split('?')[0] ?? '/';
  const check = Object.entries(probes).find(([probe]) => path.endsWith(probe))?.[1];
  if (check !== undefined) {
    const { healthy, reason } = check({ kind: 'starting' });
    res.writeHead(healthy ? 200 : 503, { 'Content-Type': 'text/plain' }).end(reason);
    return;
  }
  res.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '1' }).end(
    JSON.stringify({
      type: 'urn:ml-api:problem:unavailable',
      title: 'The server is not ready',
      status: 503,
      detail: 'The model is being loaded. Try again after 1 s.',
      requestId: '',
    }),
  );
};
