// What the schema says of a value that does not fit a pattern: what was expected, in words and by an example that fits.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { startAdmitter } from './admit.ts';
import { ownPattern, schemaFile } from './schema.ts';
import { nasty, places, resolve, type Schema } from './schema-values.ts';

const admitter = startAdmitter();
afterAll(() => admitter.close());

const patterns = [
  ...new Set(
    [...readFileSync(schemaFile, 'utf8').matchAll(/"pattern": ("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '']): string => JSON.parse(text),
    ),
  ),
];
const saying = /^expected ([^^]*) \^\|/;

describe('a pattern', () => {
  test.each(patterns)('says what fits it: %s', (pattern) => {
    const said = saying.exec(pattern)?.[1] ?? '';
    expect(said).not.toBe('');
    const own = new RegExp(ownPattern(pattern), 'u');
    const examples = [...said.matchAll(/(?:such as| or) ([^ ,;]+)(?=$|,|;| or )/g)];
    for (const [, example = ''] of examples) expect(example).toMatch(own);
  });

  test.each(patterns)('is fitted by the same texts as without what it says: %s', (pattern) => {
    const whole = new RegExp(pattern, 'u');
    const own = new RegExp(ownPattern(pattern), 'u');
    const said = saying.exec(pattern)?.[1];
    for (const text of [...nasty, `expected ${said}`, `expected ${said} `, `expected ${said} ^|`])
      expect(whole.test(text), text).toBe(own.test(text));
  });
});

const isTold = ([, schema]: readonly [readonly string[], Schema]) =>
  resolve(schema).pattern !== undefined;

describe('Helm says what was expected', () => {
  test.each(
    places()
      .filter(isTold)
      .map(([path, schema]) => [path.join('.'), path, schema] as const),
  )('of %s', async (_name, path, schema) => {
    const pattern = resolve(schema).pattern ?? '';
    const wrong = ['/ /\n', '.', 'é'].find((text) => !new RegExp(pattern, 'u').test(text));
    const values = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), wrong);
    const admission = await admitter.admit({
      release: 'ml-api',
      namespace: 'models',
      upgrade: false,
      values: values as object,
    });
    expect('refused' in admission && admission.refused).toContain(`- at '/${path.join('/')}': '`);
    expect('refused' in admission && admission.refused).toContain(
      `does not match pattern 'expected ${saying.exec(pattern)?.[1]} ^|`,
    );
  });
});
