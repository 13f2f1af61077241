/**
 * The oldest Node that has all that the server uses, as MAJOR.MINOR: 24.5 brought the proxies of HTTP agents (`proxyEnv`), which older
 * ones ignore without a word.
 */
export const OLDEST_NODE = '24.5';

/** @param version of Node, such as 24.5.0 */
export function isTooOld(version: string): boolean {
  const numbers = (text: string) => text.split('.').map(Number);
  const [major = 0, minor = 0] = numbers(version);
  const [oldestMajor = 0, oldestMinor = 0] = numbers(OLDEST_NODE);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
