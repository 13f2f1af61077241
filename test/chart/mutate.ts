// Mutation check of the chart: `npm run chart:mutants [-- COUNT]`. Deletes or alters a line of a template, and a suite
// must fail. The lines are drawn with a fixed seed from all that are not comments, so that two runs agree.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chart } from './chart.ts';
import { runSuites } from './unittest.ts';

/** The share of mutants that the suites must kill. */
const GOAL = 0.9;
const count = Number(process.argv[2] ?? 120);
if (!Number.isInteger(count) || count < 1) {
  console.error(`Expected a whole number of mutants, got "${process.argv[2]}".`);
  process.exit(2);
}

type Mutant = {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string | undefined;
};

const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
let killed = 0;
try {
  cpSync(chart, copy, { recursive: true });
  const mutants = draw(allMutants(), count);
  for (const [i, mutant] of mutants.entries()) {
    if (isKilled(mutant)) killed++;
    else
      console.log(
        `survived  ${mutant.file}:${mutant.line + 1}: ${mutant.before.trim()}  →  ${mutant.after?.trim() ?? '(deleted)'}`,
      );
    if ((i + 1) % 10 === 0) console.error(`${killed} of ${i + 1} killed so far`);
  }
  const share = killed / mutants.length;
  console.log(
    `${killed} of ${mutants.length} mutants killed: ${(100 * share).toFixed(1)} %, expected at least ${100 * GOAL} %`,
  );
  console.log(share >= GOAL ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exitCode = share >= GOAL ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}

function isKilled({ file, line, after }: Mutant): boolean {
  const path = join(copy, 'templates', file);
  const source = readFileSync(path, 'utf8');
  const lines = source.split('\n');
  lines.splice(line, 1, ...(after === undefined ? [] : [after]));
  writeFileSync(path, lines.join('\n'));
  try {
    const near = suitesNear(file);
    const fails = (files: readonly string[]) =>
      runSuites(copy, { failFast: true, files }).failed > 0;
    return (near.length > 0 && fails(near)) || fails([]);
  } catch {
    return true; // the chart cannot even be read
  } finally {
    writeFileSync(path, source);
  }
}

/** The suites whose names share a word with a template's: they notice most, and all of them together take minutes. */
function suitesNear(file: string): string[] {
  const words = new Set(basename(file).split(/[^a-z]+/));
  return readdirSync(join(chart, 'tests')).filter(
    (suite) =>
      suite.endsWith('_test.yaml') &&
      suite
        .replace('_test.yaml', '')
        .split('_')
        .some((word) => words.has(word)),
  );
}

/** Every line deleted, and every line with something to alter altered. NOTES.txt is prose, _kinds.tpl generated. */
function allMutants(): Mutant[] {
  const files = readdirSync(join(chart, 'templates'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /\.(yaml|tpl)$/.test(file) && file !== '_kinds.tpl')
    .sort()
    .flatMap((file) =>
      withoutComments(readFileSync(join(chart, 'templates', file), 'utf8').split('\n')).flatMap(
        ({ text, line }) => {
          const mutant = { file, line, before: text };
          const altered = alter(text);
          return [
            { ...mutant, after: undefined },
            ...(altered === undefined ? [] : [{ ...mutant, after: altered }]),
          ];
        },
      ),
    );
}

function withoutComments(lines: readonly string[]): { text: string; line: number }[] {
  let inComment = false;
  return lines.flatMap((text, line) => {
    const starts = /^\s*\{\{-?\s*\/\*/.test(text);
    const skip = inComment || starts || /^\s*(#.*|---)?$/.test(text);
    if (starts) inComment = true;
    if (/\*\/\s*-?\}\}/.test(text)) inComment = false;
    return skip ? [] : [{ text, line }];
  });
}

/** Another condition, number, truth value or word. */
function alter(text: string): string | undefined {
  const code = text.replace(/\s#.*$/, '');
  const changes: [RegExp, string][] = [
    [/\{\{(-?) if (.*?) (-?)\}\}/, '{{$1 if not ($2) $3}}'],
    [/\btrue\b/, 'false'],
    [/\bfalse\b/, 'true'],
    [/: (\d+)$/, ': 1$1'],
    [/: ([A-Za-z][\w./-]*)$/, ': x$1'],
  ];
  for (const [pattern, replacement] of changes)
    if (pattern.test(code)) return code.replace(pattern, replacement);
  return undefined;
}

/** A sample by a fixed seed: Numerical Recipes' linear congruential generator. */
function draw<Item>(items: readonly Item[], wanted: number): Item[] {
  const rest = [...items];
  const drawn: Item[] = [];
  for (let state = 42; drawn.length < wanted && rest.length > 0; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    drawn.push(...rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1));
  }
  return drawn;
}
