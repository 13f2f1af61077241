// GET /shadow/disagreements: how the shadowed version compares, as far as this process knows.
import type { RequestHandler } from 'express';
import { ProblemException } from '../http/problem.ts';

/** @param disagreements the report as JSON; undefined where no version is shadowed */
export function shadowDisagreements(
  disagreements: () => Promise<string | undefined>,
): RequestHandler[] {
  return [
    async (_req, res) => {
      const report = await disagreements();
      if (report === undefined)
        throw new ProblemException(
          'not-found',
          'This server shadows no version. Set SHADOW to one, such as v2@http://host/v2 (in the chart, traffic.shadow.to).',
        );
      res.type('json').send(report);
    },
  ];
}
