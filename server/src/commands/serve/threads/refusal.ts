// Why a thread did not do what it was asked for: an error of a call as data, since threads do not pass on the kinds of errors.
import { NotFoundError, NotServedError, RefusedError } from '../../../serving/errors.ts';
import type { CallError } from '../../../util/call-error.ts';

const KINDS = { NotFoundError, NotServedError, RefusedError };

export interface Refusal {
  readonly kind: keyof typeof KINDS;
  readonly message: string;
  readonly cause: unknown;
}

/** What became of something that may be refused; undefined where it was done. */
export async function refusalOf(done: Promise<void>): Promise<Refusal | undefined> {
  try {
    await done;
    return undefined;
  } catch (error) {
    for (const kind of ['NotFoundError', 'NotServedError', 'RefusedError'] as const)
      if (error instanceof KINDS[kind]) {
        const { message, cause } = error;
        return { kind, message, cause };
      }
    throw error;
  }
}

export function errorOf({ kind, message, cause }: Refusal): CallError {
  if (kind === 'NotFoundError') return new NotFoundError(message.replace(/\.$/, '')); // it adds that
  return new KINDS[kind](message, { cause });
}
