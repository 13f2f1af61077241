// What the traffic carries that must never be seen in a log line or a metric: a word and a number that nothing else has.

export const canaryWord = 'Canary-Jane-Doe-4711';
export const canaryNumber = 918273.6451;

const canaries = [canaryWord, String(canaryNumber), '918273'];

/** The canaries that a text holds. */
export function canariesIn(text: string): string[] {
  return canaries.filter((one) => text.includes(one));
}
