// Figures in the docs are those of docs/benchmark.md, which `npm run bench` writes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isRecord } from '../../server/src/util/is-record.ts';
import { quotesIn, whyNotQuoted } from './figures.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const benchmark = read('docs/benchmark.md');
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' });

describe('a figure that links to the benchmark', () => {
  it.each(pages.trim().split('\n'))('is in it: %s', (page) => {
    expect(quotesIn(read(page)).flatMap((quote) => whyNotQuoted(benchmark, quote) ?? [])).toEqual(
      [],
    );
  });

  it('is found in the pages that have one', () => {
    const quoted = ['README.md', 'docs/operations.md', 'docs/performance.md'];
    for (const page of quoted) expect(quotesIn(read(page)).length, page).toBeGreaterThan(0);
  });

  it.each([
    ['[22,544](benchmark.md "ml-api, req/s, 64 conn.")', 'the benchmark has '],
    ['[1](docs/benchmark.md "ml-api, req/s, 65 conn.")', 'the benchmark has no '],
    ['[99.9 %](benchmark.md "Metrics")', '"Metrics …" of the benchmark has '],
    ['[22,543](benchmark.md)', 'name the row and column'],
  ])('is refused where it is not: %s', (link, why) => {
    const [quote] = quotesIn(link);
    expect(quote && whyNotQuoted(benchmark, quote)).toContain(why);
  });
});

describe('docs/operations.md', () => {
  const page = read('docs/operations.md');

  it('sizes by the time of a request in the benchmark', () => {
    const [, microseconds] = /of the ([\d.]+) µs of a prediction/.exec(benchmark) ?? [];
    const rows = [...page.matchAll(/^\| ([\d.]+) ms \| ([\d,]+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(2);
    for (const [, run, perSecond = ''] of rows) {
      const expected = 100 / (Number(run) + Number(microseconds) / 1000);
      expect(perSecond.replace(',', '')).toBe(String(Number(expected.toPrecision(2))));
    }
  });

  it('says what hardened-values.yaml sets, and what it does not', () => {
    const values: unknown = parse(read('charts/ml-api/ci/hardened-values.yaml'));
    const valueAt = (name: string) =>
      name.split('.').reduce((value, key) => (isRecord(value) ? value[key] : undefined), values);
    const [, sets = '', leaves = ''] =
      /hardened-values\.yaml\) sets (.*?)It leaves out (.*?)\n\n/s.exec(page) ?? [];
    const names = (text: string) =>
      Array.from(text.matchAll(/`([\w.]+)`/g), ([, name = '']) => name);
    expect(names(sets).length * names(leaves).length).toBeGreaterThan(0);
    for (const name of names(sets)) expect(valueAt(name), name).toBeDefined();
    for (const name of names(leaves)) expect(valueAt(name), name).toBeUndefined();
  });
});
