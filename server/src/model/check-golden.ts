// Replays golden predictions: on a running server, or on a model before it is served.

import { counted } from '../util/counted.ts';
import { isSame } from './agreement.ts';
import { show } from './contract/sentence.ts';
import type { Golden } from './golden.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the contract calls a prediction request. */
export interface GoldenRequest {
  readonly inputs: unknown;
  readonly labels?: true;
  readonly probabilities?: true;
}

const FIELDS = ['prediction', 'labels', 'probabilities'] as const;
type Field = (typeof FIELDS)[number];

/** How much is compared; by default all of it. */
export interface Extent {
  /** Rows that a request may have. */
  readonly maxRows?: number;
  /** Whether a request of so many rows is to be sent, and those after it. */
  readonly isWanted?: (rows: number) => boolean;
}

/** Rows of one request: so few that most limits of rows allow them. */
const ROWS_PER_REQUEST = 50;

/**
 * @param predict gives what the contract calls a prediction
 * @returns how many rows were as expected: all that were compared
 * @throws Error that says how many rows differ, and how the first does
 */
export async function checkGolden(
  golden: Golden,
  predict: (request: GoldenRequest) => Promise<Json>,
  { maxRows = ROWS_PER_REQUEST, isWanted = () => true }: Extent = {},
): Promise<number> {
  const tally = { rows: 0, different: 0, first: '' };
  for (const part of partsOf(golden, Math.min(ROWS_PER_REQUEST, maxRows))) {
    if (!isWanted(part.rows)) break;
    const body = await predict({
      inputs: part.inputs,
      ...(golden.labels && { labels: true }),
      ...(golden.probabilities && { probabilities: true }),
    });
    checkRows(body, part, golden);
    compare(body, part, golden, tally);
  }
  if (tally.different > 0)
    throw new Error(`${tally.different} of ${tally.rows} rows differ; the first: ${tally.first}`);
  return tally.rows;
}

interface Part {
  readonly start: number;
  readonly rows: number;
  readonly inputs: unknown;
}

/** The golden inputs in requests of a few rows; in one, where they are named, or a row alone, or of a model without rows. */
function partsOf(golden: Golden, rowsPerRequest: number): Part[] {
  const { inputs } = golden;
  const expected = FIELDS.map((field) => golden[field]?.length).find((rows) => rows !== undefined);
  // Where nothing is expected, numbers beside each other are taken for a row.
  const areRows = Array.isArray(inputs) && (expected ?? inputs[0]?.length) !== undefined;
  if (!areRows || (expected !== undefined && expected !== inputs.length))
    return [{ start: 0, rows: expected ?? 1, inputs }];
  const parts: Part[] = [];
  for (let start = 0; start < inputs.length; start += rowsPerRequest) {
    const rows = inputs.slice(start, start + rowsPerRequest);
    parts.push({ start, rows: rows.length, inputs: rows });
  }
  return parts;
}

/** @throws Error where a field has not just the rows that were sent */
function checkRows(body: Json, { start, rows }: Part, golden: Golden): void {
  for (const field of FIELDS) {
    const expected = golden[field]?.slice(start, start + rows).length;
    const got = body[field];
    if (expected === undefined || (Array.isArray(got) && got.length === expected)) continue;
    throw new Error(
      `expected "${field}" to be an array of ${counted(expected, 'row')}, got ${Array.isArray(got) ? counted(got.length, 'row') : excerpt(got)}`,
    );
  }
}

function compare(
  body: Json,
  part: Part,
  golden: Golden,
  tally: { rows: number; different: number; first: string },
): void {
  for (let i = 0; i < part.rows; i++) {
    const row = part.start + i;
    tally.rows++;
    const got = (field: Field) => (body[field] as unknown[])[i];
    const difference = FIELDS.filter((field) => golden[field] !== undefined).find(
      (field) => !isSame(golden[field]?.[row], got(field), golden.tolerance ?? 0),
    );
    if (difference === undefined) continue;
    tally.different++;
    tally.first ||= `row ${row}, ${difference}: expected ${excerpt(golden[difference]?.[row])}, got ${excerpt(got(difference))}`;
  }
}

/** A value as JSON, or the start of it. */
function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    const text = JSON.stringify(value);
    return text.length > 100 ? `${text.slice(0, 100)}…` : text;
  } catch {
    return show(value); // too deep for JSON.stringify
  }
}
