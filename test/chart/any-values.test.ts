// No legal value breaks the chart: values drawn from its schema are refused by name or make objects that Kubernetes takes.
// CHART_RENDERS says how many are drawn and CHART_SEED which; `node test/chart/find-faults.ts 10000` draws more by hand.
import { expect, test } from 'vitest';
import { findFaults, report } from './find-faults.ts';

const count = Number(process.env['CHART_RENDERS'] ?? 1000);
const seed = process.env['CHART_SEED'];

test(`${count} drawn values are refused by name or make sound objects`, {
  timeout: 600_000,
}, async () => {
  const search = await findFaults(count, seed === undefined ? undefined : Number(seed));
  console.log(`CHART_SEED=${search.seed}`);
  expect(search.findings, report(search)).toEqual([]);
  expect(search.accepted).toBeGreaterThan(count / 10); // it is not all refused
});
