// GET /metrics, for Prometheus.
import type { RequestHandler } from 'express';

export interface MetricsText {
  readonly contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

export function metrics(source: MetricsText): RequestHandler[] {
  return [
    async (_req, res) => {
      res.setHeader('Content-Type', source.contentType);
      res.end(await source.text());
    },
  ];
}
