// What the traffic carries that must never be seen in a log line or a metric: a word and a number that nothing else has.

export const canaryWord = 'Canary-Jane-Doe-4711';
export const canaryNumber = 918273.6451;

/** Whole numbers only: among a million request ids and times, some have these digits by chance. */
const canaries = [new RegExp(canaryWord, 'i'), /(?<![\da-f])918273(?![\da-f])/];

/** The canaries that a text holds. */
export function canariesIn(text: string): string[] {
  return canaries.flatMap((one) => one.exec(text)?.[0] ?? []);
}
