// The address of a server, given by an option.
import { baseUrlIn } from '../base-url.ts';
import { UsageError } from './cli-error.ts';

/**
 * @param example an address that the option could have
 * @returns the address, without slashes at its end
 * @throws UsageError where the text is none that can be asked
 */
export function addressIn(option: string, text: string, example: string): string {
  return baseUrlIn(text, { example }, (problem) => {
    throw new UsageError(`${option}: ${problem}.`);
  });
}
