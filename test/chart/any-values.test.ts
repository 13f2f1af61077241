// No legal value breaks the chart: values drawn from its schema are refused by name or make objects that Kubernetes takes.
// `npm run chart:fuzz -- 10000` draws more, and others each time.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { chart } from './chart.ts';
import { findFaults, report } from './find-faults.ts';

const count = 1000;

test(`${count} drawn values are refused by name or make sound objects`, {
  timeout: 600_000,
}, async () => {
  const search = await findFaults(count, seedOfChart());
  expect(search.findings, report(search)).toEqual([]);
  expect(search.accepted).toBeGreaterThan(count / 10); // it is not all refused
});

/** Each chart has other values drawn, and always the same: a change of something else cannot fail by them. */
function seedOfChart(): number {
  const templates = readdirSync(path.join(chart, 'templates'), {
    recursive: true,
    encoding: 'utf8',
  })
    .filter((name) => name.includes('.'))
    .map((name) => path.join('templates', name));
  const hash = createHash('sha256');
  for (const file of ['values.schema.json', ...templates.sort()])
    hash.update(readFileSync(path.join(chart, file)));
  return hash.digest().readInt32BE() & 0x7fffffff;
}
