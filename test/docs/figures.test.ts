// Figures in the docs are those of the benchmark pages, which `npm run bench` and `npm run bench:peers` write.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isRecord } from '../../server/src/util/is-record.ts';
import { type Quote, quotesIn, whyNotQuoted } from './figures.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const benchmark = read('docs/benchmark.md');
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' });

describe('a figure that links to a benchmark', () => {
  it.each(pages.trim().split('\n'))('is in it: %s', (page) => {
    const why = (quote: Quote) => whyNotQuoted(read(`docs/${quote.of}`), quote) ?? [];
    expect(quotesIn(read(page)).flatMap(why)).toEqual([]);
  });

  it('is found in the pages that have one', () => {
    const quoted = ['README.md', 'docs/comparison.md', 'docs/operations.md', 'docs/performance.md'];
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

describe('requests lost, as docs/cluster.md counts them', () => {
  const page = read('docs/cluster.md');
  const rowsOf = (event: string) => {
    const row = /^\| ([\w -]+) \| [\w, ]+ \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|/gm;
    return [...page.matchAll(row)].filter(([, name]) => name === event);
  };
  const voluntary = ['rollout', 'scale-down', 'eviction'].map((event) => {
    const rows = rowsOf(event);
    expect(rows).toHaveLength(5);
    expect(rows.flatMap(([, , , withLosses, , failed]) => [withLosses, failed])).toEqual(
      Array(10).fill('0'),
    );
    return {
      runs: Number(rows[0]?.[2]),
      sent: rows.reduce((sum, [, , , , sent]) => sum + Number(sent), 0),
    };
  });
  const [rollout, , eviction] = voluntary;
  const english = (count = Number.NaN) => count.toLocaleString('en');
  const text = page.replaceAll(/\s+/g, ' ');

  it('are those of the table, with the bound that its events support', () => {
    const names = ['rollouts', 'scale-downs', 'evictions'];
    for (const [i, { runs, sent }] of voluntary.entries()) {
      expect(text).toContain(`0 of ${english(sent)} in ${runs} ${names[i]}`);
      expect(text).toContain(`fewer than ${(100 * (1 - 0.05 ** (1 / runs))).toFixed(1)} %`);
    }
  });

  it('are the same in other pages', () => {
    const all = voluntary.reduce((sum, { sent }) => sum + sent, 0);
    expect(read('README.md')).toContain(`none of ${english(all)}`);
    const operations = read('docs/operations.md');
    expect(operations).toContain(
      `none of ${english(rollout?.sent)} in [${rollout?.runs} measured rollouts]`,
    );
    expect(operations).toContain(
      `none of ${english(eviction?.sent)} in ${eviction?.runs} measured evictions`,
    );
  });
});

describe('docs/operations.md', () => {
  const page = read('docs/operations.md');

  it('repeats figures that docs/performance.md has', () => {
    const text = read('docs/performance.md').replaceAll(/\s+/g, ' ');
    const quoted = page.matchAll(/\[([\d,.]+)\]\(performance\.md#[\w-]+\)/g);
    const figures = Array.from(quoted, ([, figure = '']) => figure);
    expect(figures.length).toBeGreaterThan(0);
    expect(figures.filter((figure) => !text.includes(figure))).toEqual([]);
    const [, lossless = ''] = /none of ([\d,]+) in \[100 reloads\]/.exec(page) ?? [];
    expect(text).toContain(`${lossless} sent, 0 failed`);
  });

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
