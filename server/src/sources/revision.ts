import { hash } from 'node:crypto';

/** Names a state of files that a store has no name for: another one wherever something that is told of them differs. */
export function revisionOf(told: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(told));
}
