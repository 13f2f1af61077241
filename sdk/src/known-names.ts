// Options that there are not: without a type checker, one that is misspelt would have no effect.
import { ConfigurationError } from './errors.ts';

/** @throws ConfigurationError naming the first option that is none of the known ones */
export function checkNames(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new ConfigurationError(name, `there is no such option; expected ${known.join(', ')}`);
}
