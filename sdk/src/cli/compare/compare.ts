// `ml-sdk compare`: asks two servers the same rows, and tells where and how much they differ.
import { CliError } from '../cli-error.ts';
import { Comparer, type Comparison } from './comparison.ts';
import { readRows } from './rows.ts';
import { openSide } from './side.ts';

export interface CompareOptions {
  readonly champion: string;
  readonly challenger: string;
  /** A .jsonl, .ndjson or .csv file. */
  readonly data: string;
  /** The CSV's column of true answers. */
  readonly label?: string | undefined;
  readonly tolerance: number;
  /** Rows under way at once. */
  readonly concurrency: number;
  readonly apiKey?: string | undefined;
}

/** @throws CliError that names the option, or the line of the data, that is wrong */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { data, label, tolerance, concurrency, apiKey } = options;
  const champion = await openSide('--champion', options.champion, apiKey);
  const challenger = await openSide('--challenger', options.challenger, apiKey);
  const features = champion.model.features?.map(({ name }) => name);
  const comparer = new Comparer(champion, challenger, tolerance);
  const rows = readRows(data, label, features);
  let asked = 0;
  const worker = async () => {
    for (;;) {
      const { done, value: row } = await rows.next();
      if (done) return;
      // Now this one first, now that one: whatever the first warms up, both profit by.
      const swapped = asked++ % 2 === 1;
      const [first, second] = swapped ? [challenger, champion] : [champion, challenger];
      const answers = [await first.ask(row), await second.ask(row)] as const;
      const [one, other] = swapped ? ([answers[1], answers[0]] as const) : answers;
      comparer.add(row, one, other);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (asked === 0) throw new CliError(`--data: there is no row in ${data}.`);
  return comparer.result();
}
