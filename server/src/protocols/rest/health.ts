// The probes: plain text, 200 or 503.
import type { RequestHandler } from 'express';
import type { Health, State } from '../../serving/lifecycle.ts';

export function health(state: () => State, check: (state: State) => Health): RequestHandler[] {
  return [
    (_req, res) => {
      const { healthy, reason } = check(state());
      res
        .status(healthy ? 200 : 503)
        .type('text/plain')
        .send(reason);
    },
  ];
}
