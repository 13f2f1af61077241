import { UntracedError } from './untraced-error.ts';

/** Why a call came to nothing, in words that belong to no protocol: each protocol maps them to its own, in one table. */
export type ErrorCode =
  | 'invalid-input'
  | 'not-found'
  | 'queue-full'
  | 'deadline-exceeded'
  | 'cancelled'
  | 'model-failure'
  | 'unavailable';

/** An error of a call. Its message is for whoever called; what caused it is for the log. */
export abstract class CallError extends UntracedError {
  abstract readonly code: ErrorCode;
}
