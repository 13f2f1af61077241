// A comparison as people read it in a terminal.
import { ms, share } from '../format.ts';
import type { Comparison, SideFigures } from './comparison.ts';

/** Below it, a difference in accuracy is not put down to chance. */
const SIGNIFICANT = 0.05;
const SHOWN = 5;

export function report(comparison: Comparison): string {
  return [
    ...sides(comparison),
    '',
    `agreement   ${share(comparison.agreement)}`,
    ...unanswered(comparison),
    ...differences(comparison),
    ...accuracy(comparison),
    ...confusion(comparison),
    ...disagreements(comparison),
    '',
  ].join('\n');
}

function sides({ champion, challenger }: Comparison): string[] {
  const line = (role: string, { name, version, url, answered, failed, latency }: SideFigures) =>
    `${role.padEnd(12)}${name} ${version} at ${url}: ${answered} answered, ${failed} failed, p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}`;
  const failures = [champion, challenger]
    .filter(({ firstError }) => firstError !== undefined)
    .map(({ name, version, firstError }) => `  first failure of ${name} ${version}: ${firstError}`);
  return [line('champion', champion), line('challenger', challenger), ...failures];
}

/** Rows that say nothing of the agreement. */
function unanswered({ rows, agreement }: Comparison): string[] {
  const left = rows - agreement.of;
  return left === 0 ? [] : [`not compared: rows that neither version answered: ${left} of ${rows}`];
}

function differences({ largestProbabilityDifference, largestDifference }: Comparison): string[] {
  const line = (what: string, found: Comparison['largestDifference']) =>
    found === undefined
      ? []
      : [`largest difference of ${what}: ${found.difference.toPrecision(3)}, line ${found.line}`];
  return [
    ...line('a probability', largestProbabilityDifference),
    ...line('a number', largestDifference),
  ];
}

function accuracy({ champion, challenger, accuracyDifference }: Comparison): string[] {
  if (!champion.accuracy || !challenger.accuracy || !accuracyDifference) return [];
  const { onlyChampionRight, onlyChallengerRight, p } = accuracyDifference;
  const verdict =
    p >= SIGNIFICANT
      ? 'chance alone can explain the difference'
      : `the ${onlyChampionRight > onlyChallengerRight ? 'champion' : 'challenger'} is more accurate`;
  return [
    '',
    `accuracy of the champion    ${share(champion.accuracy)}`,
    `accuracy of the challenger  ${share(challenger.accuracy)}`,
    `only one is right: champion ${onlyChampionRight}, challenger ${onlyChallengerRight}; McNemar's exact p = ${p.toPrecision(3)}: ${verdict}`,
  ];
}

function confusion({ confusion: counts }: Comparison): string[] {
  if (counts === undefined) return [];
  const classes = [
    ...new Set([...Object.keys(counts), ...Object.values(counts).flatMap(Object.keys)]),
  ].toSorted();
  const width = Math.max(...classes.map((name) => name.length), 7) + 2;
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell) => String(cell).padStart(width)).join('');
  return [
    '',
    'predictions of the champion (rows) and the challenger (columns)',
    line(['', ...classes]),
    ...classes.map((row) => line([row, ...classes.map((column) => counts[row]?.[column] ?? 0)])),
  ];
}

function disagreements({ disagreements: found, agreement }: Comparison): string[] {
  if (found.length === 0) return [];
  const all = agreement.of - agreement.count;
  const first = found.slice(0, SHOWN).map(({ line, inputs, champion, challenger, label }) => {
    const truth = label === undefined ? '' : `, true: ${label}`;
    return `  line ${line}: ${shorten(inputs)} champion: ${shorten(champion)}, challenger: ${shorten(challenger)}${truth}`;
  });
  return ['', `disagreements: ${all}, the first:`, ...first];
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
