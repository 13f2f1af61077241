// docs/problems.md lists every kind of problem that the server answers, with its status.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kinds } from '../../server/src/protocols/http/problem.ts';

const page = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8');

test('the table has every kind of problem with its status, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)].map(([, kind, status]) => [
    kind,
    Number(status),
  ]);
  const served = Object.entries(kinds).map(([kind, { status }]) => [kind, status]);
  expect(rows.toSorted()).toEqual(served.toSorted());
});
