// The table that a terminal shows: one line for each version.
import type { Figures } from './figures.ts';

/** A version: what the cluster says of it, and what its pods do. */
export type Version = {
  readonly name: string;
  /** Percent of the requests at `/`, where the route says so. */
  readonly weight: number | undefined;
  readonly ready: number;
  readonly wanted: number;
  /** Its autoscaler; undefined without one. */
  readonly scaling:
    | {
        readonly min: number;
        readonly max: number;
        readonly use: number | undefined;
        readonly target: number | undefined;
      }
    | undefined;
  /** undefined where no pod of it has our predictor's metrics. */
  readonly figures: Figures | undefined;
};

const header = [
  'VERSION',
  'WEIGHT',
  'READY',
  'HPA',
  'MODEL',
  'CONTRACT',
  'REQUESTS',
  'ERRORS',
  'P99',
  'SHADOW DISAGREEMENT',
];

export function table(versions: readonly Version[]): string {
  const rows = [header, ...versions.map(cells)];
  const widths = header.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

const none = '-';

function cells({ name, weight, ready, wanted, scaling, figures }: Version): string[] {
  return [
    name,
    weight === undefined ? none : `${weight} %`,
    `${ready}/${wanted}`,
    scaling === undefined ? none : hpa(scaling),
    figures?.model || none,
    figures?.contractHash.slice(0, 12) || none,
    figures === undefined ? none : String(figures.requests),
    figures === undefined ? none : errors(figures),
    figures?.p99 === undefined ? none : `${(figures.p99 * 1000).toPrecision(3)} ms`,
    disagreement(figures?.shadow),
  ];
}

function hpa({ min, max, use, target }: NonNullable<Version['scaling']>): string {
  const aim = target === undefined ? '' : ` CPU ${use ?? '?'}/${target} %`;
  return `${min}-${max}${aim}`;
}

function errors({ requests, errors }: Figures): string {
  return requests === 0 ? String(errors) : `${errors} (${percent(errors / requests)})`;
}

function disagreement(shadow: Figures['shadow']): string {
  if (shadow === undefined) return none;
  if (shadow.rows === 0) return `none compared with ${shadow.challenger}`;
  return `${percent(shadow.disagreed / shadow.rows)} of ${shadow.rows} by ${shadow.challenger}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
