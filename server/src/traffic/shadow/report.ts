// How a shadowed version compares, as one thread knows it, and as all of a process do.
import type { JsonValue } from '../../tensor/to-json.ts';
import type { Outcome } from './shadow.ts';

export interface ShadowReport {
  readonly champion: string;
  readonly challenger: string;
  readonly requests: Readonly<Record<Outcome, number>>;
  readonly rows: Readonly<Record<'agreed' | 'disagreed', number>>;
  readonly firstFailure: string | undefined;
  /** Disagreements that are kept, at most. */
  readonly keeps: number;
  /** The newest first. */
  readonly disagreements: readonly Kept[];
}

interface Disagreement {
  readonly at: string;
  readonly requestId: string;
  readonly inputs: unknown;
  readonly champion: { prediction: JsonValue; probabilities?: JsonValue };
  readonly challenger: { prediction: JsonValue; probabilities?: JsonValue };
}

/** A disagreement as the JSON that is responded: with all digits, and ready to go to another thread. */
interface Kept {
  readonly at: string;
  readonly json: string;
}

/** What is kept may be this large as JSON, in characters; the oldest goes first, and the newest is always kept. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** The newest disagreements, bounded in number and in size. */
export class Disagreements {
  readonly #most: number;
  readonly #kept: Kept[] = [];
  #characters = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(disagreement: Disagreement): void {
    const json = JSON.stringify(disagreement);
    this.#kept.push({ at: disagreement.at, json });
    this.#characters += json.length;
    const isTooMuch = () =>
      this.#kept.length > this.#most || (this.#characters > KEPT_BYTES && this.#kept.length > 1);
    while (isTooMuch()) this.#characters -= this.#kept.shift()?.json.length ?? 0;
  }

  newestFirst(): readonly Kept[] {
    return this.#kept.toReversed();
  }
}

/**
 * @param threads what each of a process's threads knows: undefined where it shadows none, as all of them do or will do in a moment
 * @returns what GET /shadow/disagreements responds; undefined where no version is shadowed
 */
export function joinReports(threads: readonly (ShadowReport | undefined)[]): string | undefined {
  const [first, ...others] = threads.filter((report) => report !== undefined);
  if (first === undefined) return undefined;
  const reports = [first, ...others.filter(({ challenger }) => challenger === first.challenger)];
  const { champion, challenger, keeps } = first;
  const rows = sums(reports.map((report) => report.rows));
  const total = rows.agreed + rows.disagreed;
  const head = JSON.stringify({
    champion,
    challenger,
    requests: sums(reports.map((report) => report.requests)),
    rows,
    disagreement: total === 0 ? 0 : rows.disagreed / total,
    firstFailure: reports.find((report) => report.firstFailure !== undefined)?.firstFailure,
    keeps,
  });
  const newest = reports
    .flatMap(({ disagreements }) => disagreements)
    .sort((one, other) => other.at.localeCompare(one.at))
    .slice(0, keeps);
  return `${head.slice(0, -1)},"disagreements":[${newest.map(({ json }) => json).join()}]}`;
}

function sums<Name extends string>(
  all: readonly Readonly<Record<Name, number>>[],
): Record<Name, number> {
  const sum: Record<string, number> = {};
  for (const one of all)
    for (const [name, count] of Object.entries<number>(one)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
