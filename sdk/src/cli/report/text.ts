// The report as people read it in a terminal.
import { ms, percent, share } from '../format.ts';
import type { Report, VersionFigures } from './figures.ts';
import type { Difference } from './significance.ts';

/** Below it, a difference is not put down to chance. */
const SIGNIFICANT = 0.05;

export function text({ window, versions, differences }: Report): string {
  if (versions.length === 0) return `No version answered a prediction in the last ${window}.\n`;
  const lines = [`The last ${window}:`, ...versions.flatMap(ofVersion), ''];
  if (versions.length === 1) lines.push('One version answered: there is nothing to compare.');
  else lines.push(...conclusions(differences));
  return `${lines.join('\n')}\n`;
}

function ofVersion({ version, requests, errors, latency, labels }: VersionFigures): string[] {
  return [
    '',
    `${version}: ${requests} requests, p50 ${ms(latency.p50)}, p90 ${ms(latency.p90)}, p99 ${ms(latency.p99)}`,
    `  errors: ${share(errors)}`,
    ...Object.entries(labels)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([label, found]) => `  ${label}: ${share(found)}`),
  ];
}

function conclusions(differences: readonly Difference[]): string[] {
  const significant = differences.filter(({ p }) => p < SIGNIFICANT);
  if (significant.length === 0)
    return ['The versions do not differ: chance alone can explain every difference above.'];
  return significant.map(({ what, versions: [one, other], difference, p }) => {
    const more = difference > 0 ? 'more' : 'less';
    const points = percent(Math.abs(difference)).replace(' %', ' points');
    const how = what === 'errors' ? 'fails' : `says ${what.replace('label ', '')}`;
    return `${other} ${how} ${points} ${more} often than ${one}: chance does not explain it (p = ${p < 0.0001 ? 'below 0.0001' : p.toPrecision(2)}).`;
  });
}
