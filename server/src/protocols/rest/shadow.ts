// GET /shadow/disagreements: how the shadowed version compares, as far as this process knows.
import type { RequestHandler } from 'express';
import type { Shadow } from '../../traffic/shadow/shadow.ts';
import { ProblemException } from '../http/problem.ts';

/** @param shadow undefined where no version is shadowed */
export function shadowDisagreements(shadow: Pick<Shadow, 'report'> | undefined): RequestHandler[] {
  return [
    (_req, res) => {
      if (shadow === undefined)
        throw new ProblemException(
          'not-found',
          'This server shadows no version. Set SHADOW to one, such as v2@http://host/v2 (in the chart, traffic.shadow.to).',
        );
      res.json(shadow.report());
    },
  ];
}
