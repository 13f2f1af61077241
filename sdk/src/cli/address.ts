// The address of a server, given by an option.
import { httpUrlIn, withoutTrailingSlashes } from '../base-url.ts';
import { CliError } from './cli-error.ts';

/**
 * @param example an address that the option could have
 * @returns the address, without slashes at its end
 * @throws CliError where the text is none that can be asked, without what may be a password
 */
export function addressIn(option: string, text: string, example: string): string {
  const url = httpUrlIn(text);
  if (url === undefined) {
    const got = text.includes('@') ? '' : `, got "${text}"`;
    throw new CliError(`${option}: expected a URL such as ${example}${got}.`);
  }
  // fetch takes none, and would print them.
  if (url.username || url.password)
    throw new CliError(`${option}: expected a URL without a user name and a password.`);
  return withoutTrailingSlashes(url.href);
}
