// GET /metrics, for Prometheus.
import type { RequestHandler } from 'express';
import type { Metrics } from '../../observe/metrics.ts';

export function metrics({
  contentType,
  text,
}: Pick<Metrics, 'contentType' | 'text'>): RequestHandler[] {
  return [
    async (_req, res) => {
      res.setHeader('Content-Type', contentType);
      res.end(await text());
    },
  ];
}
