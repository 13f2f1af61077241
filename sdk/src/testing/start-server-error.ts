import { MlApiError } from '../errors.ts';

/** The server did not start, or ended before it was stopped. The message has what the server said. */
export class StartServerError extends MlApiError {
  override readonly name = 'StartServerError';
  /** The end of what the server has printed: its log, and what it says when it cannot serve. */
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}
