// GET /shadow/disagreements: how the shadowed version compares, as far as this process knows.
import type { RequestHandler } from 'express';
import type { Traffic } from '../../traffic/traffic.ts';
import { ProblemException } from '../http/problem.ts';

export function shadowDisagreements(traffic: Pick<Traffic, 'shadow'>): RequestHandler[] {
  return [
    (_req, res) => {
      const { shadow } = traffic;
      if (shadow === undefined)
        throw new ProblemException(
          'not-found',
          'This server shadows no version. Set SHADOW to one, such as v2@http://host/v2 (in the chart, traffic.shadow.to).',
        );
      res.json(shadow.report());
    },
  ];
}
