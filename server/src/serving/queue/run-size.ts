// How many rows a run may have: as many as a batch may, but where so many would take so long that they kept others from their
// turn. What rows cost beyond the first is found by trying a few more, since a batch may cost as much as a row, or as all of its.
import type { Pace } from './drain-rate.ts';

export interface RunSize {
  readonly rows: number;
  /** Learns from a run. */
  ran(rows: number, durationMs: number): void;
}

/** How much more is tried after a run that was short enough. */
const GROWTH = 1.5;

/**
 * @param most rows that a run may have at all
 * @param longestMs time that a run should take at most, in milliseconds; a row may take longer
 * @param pace a run that is known
 */
export function createRunSize(most: number, longestMs: number, pace: Pace | undefined): RunSize {
  const fitting = (rows: number, durationMs: number) =>
    Math.max(1, Math.min(most, Math.floor((rows * longestMs) / durationMs)));
  let limit = pace === undefined ? most : fitting(pace.rows, pace.milliseconds);
  return {
    get rows() {
      return limit;
    },
    ran(rows, durationMs) {
      if (durationMs > longestMs) limit = Math.min(limit, fitting(rows, durationMs));
      else if (rows >= limit) limit = Math.min(most, Math.ceil(limit * GROWTH));
    },
  };
}
