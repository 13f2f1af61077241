import { CallError } from '../util/call-error.ts';

/** A value in the request body that the model does not take. */
export class InputError extends CallError {
  override readonly name = 'InputError';
  override readonly code = 'invalid-input';
  /** JSON Pointer (RFC 6901) to the value in the body; empty for the whole body. */
  readonly pointer: string;
  /** What was expected and what came instead. */
  readonly expectation: string;

  constructor(pointer: string, expectation: string) {
    super(`${pointer || 'the body'}: ${expectation}`);
    this.pointer = pointer;
    this.expectation = expectation;
  }
}
