// Figures as people read them in a terminal.
import type { Share } from './statistics.ts';

export function share({ count, of, share: value, interval: [low, high] }: Share): string {
  if (of === 0) return 'not known: there is nothing to count';
  return `${count} of ${of} = ${percent(value)} (95 % interval ${percent(low)} to ${percent(high)})`;
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** @param value milliseconds */
export function ms(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(1)} ms`;
}
