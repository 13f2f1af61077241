// Whether two versions differ in a share by more than chance explains.
import { CliError } from '../cli-error.ts';
import { howToInstall } from '../how-to-install.ts';
import type { Share } from '../statistics.ts';
import type { VersionFigures } from './figures.ts';

/** A share that was compared. */
export interface Difference {
  /** `errors`, or `label <class>`. */
  readonly what: string;
  readonly versions: readonly [one: string, other: string];
  /** The other's share minus the one's. */
  readonly difference: number;
  /** Two-sided, adjusted for how many shares were compared. */
  readonly p: number;
}

/** The first version against each other one, in errors and in every label. */
export async function differences(versions: readonly VersionFigures[]): Promise<Difference[]> {
  const [first, ...others] = versions;
  if (first === undefined || others.length === 0) return [];
  const { errorFunction } = await statistics();
  const found = others.flatMap((other) => {
    const compare = (what: string, one: Share, two: Share): Difference => ({
      what,
      versions: [first.version, other.version],
      difference: two.share - one.share,
      p: 1 - errorFunction(Math.abs(zScore(one, two)) / Math.SQRT2),
    });
    const labels = new Set([...Object.keys(first.labels), ...Object.keys(other.labels)]);
    const none = { count: 0, share: 0, interval: [0, 1] } as const;
    const ofLabel = ({ labels: all }: VersionFigures, label: string): Share =>
      all[label] ?? { ...none, of: Object.values(all)[0]?.of ?? 0 };
    return [
      compare('errors', first.errors, other.errors),
      ...[...labels].map((label) =>
        compare(`label ${label}`, ofLabel(first, label), ofLabel(other, label)),
      ),
    ];
  });
  return adjust(found);
}

/** Of the difference of two shares, pooled: Fleiss, Levin & Paik 2003, "Statistical Methods for Rates and Proportions", 3.1. */
function zScore(one: Share, two: Share): number {
  if (one.of === 0 || two.of === 0) return 0;
  const pooled = (one.count + two.count) / (one.of + two.of);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / one.of + 1 / two.of));
  return error === 0 ? 0 : (two.share - one.share) / error;
}

/** Holm's adjustment: of many shares compared, one would differ by chance. Holm 1979. */
function adjust(found: readonly Difference[]): Difference[] {
  let largest = 0;
  return found
    .toSorted((a, b) => a.p - b.p)
    .map((one, i) => {
      largest = Math.max(largest, Math.min(1, one.p * (found.length - i)));
      return { ...one, p: largest };
    });
}

async function statistics() {
  try {
    return await import('simple-statistics');
  } catch (cause) {
    throw new CliError(
      `The report needs the package simple-statistics. ${howToInstall('simple-statistics')}`,
      { cause },
    );
  }
}
