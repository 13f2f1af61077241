// No value is dead: a template or a runtime's preset reads every one of them by its name. That changing it changes the
// right thing is for the suites and the mutation check to say.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { documentedVariables } from '../../server/src/commands/serve/config.ts';
import { chart } from './chart.ts';

const code = ['templates', 'runtimes']
  .flatMap((folder) =>
    readdirSync(join(chart, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
  )
  .join('\n');

const suites = readdirSync(join(chart, 'tests'))
  .filter((file) => file.endsWith('_test.yaml'))
  .map((file) => readFileSync(join(chart, 'tests', file), 'utf8').replaceAll("''", "'"))
  .join('\n');

/** Maps that templates hand to Kubernetes whole. */
const WHOLE = [
  'behavior',
  'podSecurityContext',
  'securityContext',
  'requests',
  'limits',
  'versions',
  'labels',
  'source',
];
/** Settings that become environment variables by their name, all in one loop. */
const LOOPED = /^config\./;

function leaves(value: unknown, path: readonly string[]): string[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap || Object.keys(value).length === 0 || WHOLE.includes(path.at(-1) ?? ''))
    return [path.join('.')];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

const all = leaves(parse(readFileSync(join(chart, 'values.yaml'), 'utf8')), []).filter(
  (path) => !LOOPED.test(path),
);

test('every value is read', () => {
  const read = (path: string) =>
    new RegExp(`[.]${path.split('.').at(-1)}\\b|"${path.split('.').at(-1)}"`).test(code);
  expect(all.filter((path) => !read(path))).toEqual([]);
  expect(all.length).toBeGreaterThan(100); // the values were found
});

test('every value stands in a suite', () => {
  expect(all.filter((path) => !new RegExp(`\\b${path.split('.').at(-1)}\\b`).test(suites))).toEqual(
    [],
  );
});

test('every sentence that refuses values stands in a suite', () => {
  const checks = readdirSync(join(chart, 'templates'))
    .filter((file) => /checks?[.]tpl$|^_nulls[.]tpl$/.test(file))
    .map((file) => readFileSync(join(chart, 'templates', file), 'utf8'))
    .join('');
  const sentences = [...checks.matchAll(/"((?:[^"\\\n]|\\.)*: (?:[^"\\\n]|\\.)*)"/g)].map(
    ([, text]) => text ?? '',
  );
  expect(sentences.length).toBeGreaterThan(30);
  // Between the values that are put in, some words of each must be expected by a suite.
  const words = (sentence: string) =>
    sentence
      .split(/%[a-z]|\\"/)
      .map((part) => part.replaceAll('%%', '%').trim())
      .filter((part) => part.length > 12);
  const untested = sentences.filter(
    (text) => words(text).length > 0 && !words(text).some((part) => suites.includes(part)),
  );
  expect(untested).toEqual([]);
});

test('every setting in `config` is one of the predictor, with the same default', () => {
  const variables = documentedVariables();
  const config: Record<string, unknown> = parse(
    readFileSync(join(chart, 'values.yaml'), 'utf8'),
  ).config;
  for (const [key, value] of Object.entries(config)) {
    const variable = variables[key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()];
    expect([key, variable === undefined]).toEqual([key, false]);
    const form = value === true ? 'on' : value === false ? 'off' : String(value);
    // Empty leaves it to the predictor.
    if (form !== '') expect([key, form]).toEqual([key, variable?.fallback]);
  }
});
