// GET /metrics, for Prometheus.
import type { RequestHandler } from 'express';
import type { Context } from '../context.ts';

export function metrics(context: Context): RequestHandler[] {
  return [
    async (_req, res) => {
      res.setHeader('Content-Type', context.metrics.contentType);
      res.end(await context.metrics.text());
    },
  ];
}
