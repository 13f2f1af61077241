// What the server and the SDK's commands each define for themselves, since neither is a dependency of the other, is the same.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSame as isSameToCompare } from '../../sdk/src/cli/compare/same.ts';
import { counted as countedByReport } from '../../sdk/src/cli/report/counted.ts';
import { counted as countedByGate } from '../../server/src/commands/gate/counted.ts';
import { isSame as isSameToServer } from '../../server/src/model/agreement.ts';

const number = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
);
const { value } = fc.letrec<{ value: number | string | unknown[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.constantFrom('', 'setosa', 'virginica', '1'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

/** The same with its numbers a little off. */
function nudged(one: unknown, by: number): unknown {
  if (Array.isArray(one)) return one.map((part) => nudged(part, by));
  return typeof one === 'number' ? one + by * Math.max(1, Math.abs(one)) : one;
}

it('the same prediction', () => {
  const tolerance = fc.constantFrom(0, 1e-9, 1e-4, 0.5);
  const off = fc.double({ min: -1, max: 1, noNaN: true });
  const seen = { same: 0, different: 0 };
  fc.assert(
    fc.property(value, value, tolerance, off, (one, any, limit, by) => {
      for (const other of [any, one, nudged(one, by), nudged(one, by * limit)]) {
        const same = isSameToServer(one, other, limit);
        expect(isSameToCompare(one as string, other as string, limit)).toBe(same);
        seen[same ? 'same' : 'different']++;
      }
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.same, seen.different)).toBeGreaterThan(500);
});

it('what a counter grew by', () => {
  const text = fc.constantFrom('version="v1"', 'challenger="v2",outcome="disagreed"');
  const window = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.constantFrom('ms', 's', 'm', 'h')), {
      minLength: 1,
      maxLength: 3,
    })
    .map((parts) => parts.map(([count, unit]) => `${count}${unit}`).join(''));
  fc.assert(
    fc.property(text, window, (labels, window) => {
      const of = { series: 'namespace="ml",pod=~"ml-api-.+"', labels, window };
      expect(countedByReport('a_total', of)).toBe(countedByGate('a_total', of));
    }),
  );
});
