// Connections that the listener refuses or closes before, or beside, all routes, counted by reason. The listener is there before
// the metrics are, and they read its counts.
import type { ProblemKind } from './problem.ts';

/** The kind of the problem that is answered, or why a connection is closed without a response. */
type Reason = ProblemKind | 'too-many-connections' | 'stalled';

/** What listeners refuse: counted from 0, since a rate misses what a series begins with. */
const EXPECTED: readonly Reason[] = [
  'malformed-request',
  'invalid-encoding',
  'request-timeout',
  'headers-too-large',
  'expectation-failed',
  'method-not-allowed',
  'overloaded',
  'too-many-connections',
  'stalled',
];

export class Refusals {
  readonly #counts = new Map<Reason, number>(EXPECTED.map((reason) => [reason, 0]));

  count(reason: Reason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  [Symbol.iterator](): Iterator<readonly [reason: string, count: number]> {
    return this.#counts.entries();
  }
}
