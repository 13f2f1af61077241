// What two servers answered to the same rows, counted.
import type { Prediction } from '../../generated/types.gen.js';
import { mcnemar, quantile, type Share, shareOf } from '../statistics.ts';
import type { Row } from './rows.ts';
import { distance, isSame } from './same.ts';
import type { Answer, Side } from './side.ts';

type Value = Prediction['prediction'][number];

/** Disagreements that are kept with their inputs; all are counted. */
const KEPT = 20;

/** One of the two servers. */
export interface SideFigures {
  readonly url: string;
  readonly name: string;
  readonly version: string;
  readonly contractHash: string;
  readonly answered: number;
  readonly failed: number;
  readonly firstError?: string;
  /** Milliseconds of a request, as this command saw it. */
  readonly latency: { readonly p50?: number; readonly p99?: number };
  /** Of the labelled rows that both answered; absent without labels. */
  readonly accuracy?: Share;
}

export interface Disagreement {
  /** Line of the data file. */
  readonly line: number;
  readonly inputs: Row['inputs'];
  readonly champion: Value;
  readonly challenger: Value;
  readonly label?: Row['label'];
}

/** The comparison, as --json prints it. */
export interface Comparison {
  readonly rows: number;
  readonly champion: SideFigures;
  readonly challenger: SideFigures;
  /** Rows that either answered, and that they agree on: one that only one of them answers is a disagreement. */
  readonly agreement: Share;
  /** Of any class, over all rows; absent where one of them gives no probabilities, or other classes. */
  readonly largestProbabilityDifference?: { readonly difference: number; readonly line: number };
  /** Of any number, over all rows; absent for classes. */
  readonly largestDifference?: { readonly difference: number; readonly line: number };
  /** Rows by the champion's class, then the challenger's; absent where they are not classes. */
  readonly confusion?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Labelled rows that only one of them got right, and McNemar's exact p; absent without labels. */
  readonly accuracyDifference?: {
    readonly onlyChampionRight: number;
    readonly onlyChallengerRight: number;
    readonly p: number;
  };
  /** The first disagreements. */
  readonly disagreements: readonly Disagreement[];
}

/** Collects answers; `result` may be asked at any time. */
export class Comparer {
  private readonly champion: Tally;
  private readonly challenger: Tally;
  private readonly tolerance: number;
  private readonly isClasses: boolean;
  private rows = 0;
  private answered = 0;
  private agreed = 0;
  private labelled = 0;
  private onlyChampionRight = 0;
  private onlyChallengerRight = 0;
  private readonly confusion = new Map<string, Map<string, number>>();
  private readonly disagreements: Disagreement[] = [];
  private probabilities: { difference: number; line: number } | undefined;
  private numbers: { difference: number; line: number } | undefined;

  /** @param tolerance largest difference of two equal numbers, absolute up to 1, relative above */
  constructor(champion: Side, challenger: Side, tolerance: number) {
    this.champion = new Tally(champion);
    this.challenger = new Tally(challenger);
    this.tolerance = tolerance;
    this.isClasses = [champion, challenger].every(({ model }) => model.task === 'classification');
  }

  add(row: Row, champion: Answer, challenger: Answer): void {
    this.rows++;
    this.champion.add(champion);
    this.challenger.add(challenger);
    if (champion.ok || challenger.ok) this.answered++;
    if (!champion.ok || !challenger.ok) return;
    this.addLabel(row, champion.prediction, challenger.prediction);
    const { line } = row;
    if (champion.probabilities && challenger.probabilities) {
      const difference = farthest(champion.probabilities, challenger.probabilities);
      this.probabilities = larger(this.probabilities, difference, line);
    }
    if (this.isClasses) this.count(champion.prediction, challenger.prediction);
    else {
      const difference = farthest(flat(champion.prediction), flat(challenger.prediction));
      this.numbers = larger(this.numbers, difference, line);
    }
    if (isSame(champion.prediction, challenger.prediction, this.tolerance)) this.agreed++;
    else if (this.disagreements.length < KEPT) {
      this.disagreements.push({
        line,
        inputs: row.inputs,
        champion: champion.prediction,
        challenger: challenger.prediction,
        ...(row.label !== undefined && { label: row.label }),
      });
    }
  }

  result(): Comparison {
    const { onlyChampionRight, onlyChallengerRight, labelled } = this;
    return {
      rows: this.rows,
      champion: this.champion.figures(labelled),
      challenger: this.challenger.figures(labelled),
      agreement: shareOf(this.agreed, this.answered),
      ...(this.probabilities && { largestProbabilityDifference: this.probabilities }),
      ...(this.numbers && { largestDifference: this.numbers }),
      ...(this.isClasses && {
        confusion: Object.fromEntries(
          [...this.confusion].map(([name, counts]) => [name, Object.fromEntries(counts)]),
        ),
      }),
      ...(labelled > 0 && {
        accuracyDifference: {
          onlyChampionRight,
          onlyChallengerRight,
          p: mcnemar(onlyChampionRight, onlyChallengerRight),
        },
      }),
      disagreements: this.disagreements,
    };
  }

  private addLabel({ label }: Row, champion: Value, challenger: Value): void {
    if (label === undefined) return;
    this.labelled++;
    const [one, other] = [this.isRight(champion, label), this.isRight(challenger, label)];
    if (one) this.champion.right++;
    if (other) this.challenger.right++;
    if (one && !other) this.onlyChampionRight++;
    if (other && !one) this.onlyChallengerRight++;
  }

  /** A label out of a CSV file is a text, also where it is a number. */
  private isRight(prediction: Value, label: string | number): boolean {
    const text = String(label);
    if (typeof prediction !== 'number') return String(prediction) === text;
    return text.trim() !== '' && isSame(prediction, Number(text), this.tolerance);
  }

  private count(champion: Value, challenger: Value): void {
    const [one, other] = [String(champion), String(challenger)];
    const counts = this.confusion.get(one) ?? new Map<string, number>();
    counts.set(other, (counts.get(other) ?? 0) + 1);
    this.confusion.set(one, counts);
  }
}

/** One server's answers. */
class Tally {
  right = 0;
  private readonly side: Side;
  private readonly milliseconds: number[] = [];
  private failed = 0;
  private firstError: string | undefined;

  constructor(side: Side) {
    this.side = side;
  }

  add(answer: Answer): void {
    if (answer.ok) this.milliseconds.push(answer.milliseconds);
    else {
      this.failed++;
      this.firstError ??= answer.error;
    }
  }

  figures(labelled: number): SideFigures {
    const { name, version, contractHash } = this.side.model;
    const [p50, p99] = [0.5, 0.99].map((share) => quantile(this.milliseconds, share));
    return {
      url: this.side.url,
      name,
      version,
      contractHash,
      answered: this.milliseconds.length,
      failed: this.failed,
      ...(this.firstError !== undefined && { firstError: this.firstError }),
      latency: { ...(p50 !== undefined && { p50 }), ...(p99 !== undefined && { p99 }) },
      ...(labelled > 0 && { accuracy: shareOf(this.right, labelled) }),
    };
  }
}

function flat(value: Value): readonly Value[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value];
}

/** The largest difference of two lists' numbers; undefined where they are not lists of numbers of one length. */
function farthest(one: readonly Value[], other: readonly Value[]): number | undefined {
  if (one.length !== other.length) return undefined;
  let largest = 0;
  for (const [i, value] of one.entries()) {
    const counterpart = other[i];
    if (typeof value !== 'number' || typeof counterpart !== 'number') return undefined;
    largest = Math.max(largest, distance(value, counterpart));
  }
  return largest;
}

function larger(
  before: { difference: number; line: number } | undefined,
  difference: number | undefined,
  line: number,
) {
  return difference !== undefined && difference > (before?.difference ?? -1)
    ? { difference, line }
    : before;
}
