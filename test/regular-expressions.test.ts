// Regular expressions that take quadratic time on some inputs, found by their form in all that we ship.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const sources = ['sdk/src', 'server/src', 'server/playground'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file) && !file.startsWith('generated'))
    .map((file) => path.join(folder, file)),
);

/** An alternative that may begin anywhere, repeats and must reach the end: from each place it is tried anew. */
function repeatsToTheEnd(pattern: string): boolean {
  // A bar in a class or a group parts no alternatives.
  let plain = pattern.replaceAll(/\[(?:\\.|[^\]\\])*\]/g, 'C');
  for (const group = /\([^()]*\)/g; group.test(plain); ) plain = plain.replaceAll(group, 'G');
  return plain.split('|').some((part) => /[+*]\$$/.test(part) && !part.startsWith('^'));
}
/** A literal where an expression may begin. */
const LITERAL =
  /(?<=[(=,:!?&|[] ?)\/(?![/*])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n[])+)\/[dgimsuvy]*/g;

it('none repeats up to the end from every place', () => {
  const found = sources.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(LITERAL)]
      .filter(([, pattern = '']) => repeatsToTheEnd(pattern))
      .map(([literal]) => `${file}: ${literal}`),
  );
  expect(sources.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});
