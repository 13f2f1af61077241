// Tables of what was measured, in Markdown.
import { median, medianRatio } from './quantile.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** The median of a field, and that of its ratios to another's within each round: two cells. */
export function compared<Sample extends object>(
  samples: readonly Sample[],
  base: readonly Sample[],
  field: { [Field in keyof Sample]: Sample[Field] extends number ? Field : never }[keyof Sample],
  digits: number,
): [median: string, ratio: string] {
  const of = (all: readonly Sample[]) => all.map((sample) => Number(sample[field]));
  return [
    median(of(samples)).toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }),
    `${medianRatio(of(samples), of(base)).toFixed(2)} ×`,
  ];
}
