// Options that are numbers, and what is refused.
import { ConfigurationError } from './errors.ts';

/** setTimeout's limit, 2³¹ − 1 milliseconds: 24.8 days. */
const LONGEST_TIMEOUT = 2_147_483_647;

/** @throws ConfigurationError naming the option, what was expected and what it was */
export function milliseconds(option: string, value: number): number {
  if (value > 0 && value <= LONGEST_TIMEOUT) return value;
  throw new ConfigurationError(
    option,
    `expected milliseconds, more than 0 and at most ${LONGEST_TIMEOUT}, got ${value}`,
  );
}

/** @throws ConfigurationError naming the option, what was expected and what it was */
export function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new ConfigurationError(option, `expected a whole number, ${least} or more, got ${value}`);
}
