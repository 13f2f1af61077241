// `ml-sdk compare` between real predictors: what it counts is what the golden predictions say.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Comparison } from '../../sdk/src/cli/compare/comparison.ts';
import { mcnemar, quantile, wilsonInterval } from '../../sdk/src/cli/statistics.ts';
import { start, testModel } from '../../server/test/start.ts';
import { runNode } from '../run-program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const main = path.join(root, 'sdk/dist/cli/main.js');
type Golden = {
  inputs: number[][];
  prediction: number[];
  labels: string[];
  probabilities: number[][];
};
const golden = (version: string): Golden =>
  JSON.parse(readFileSync(path.join(root, 'model', version, 'golden.json'), 'utf8'));
const [v1, v2] = [golden('v1'), golden('v2')];
const rows = v1.inputs;
/** Fisher's data: 50 flowers of each kind, in this order. */
const truth = (row: number) => ['setosa', 'versicolor', 'virginica'][Math.floor(row / 50)] ?? '';

let folder = '';
let file: (name: string, content: string) => string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'compare-'));
  file = (name, content) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

const serve = (version: string) =>
  start({ MODEL_DIR: path.join(root, 'model', version), LOG_LEVEL: 'silent' });
const compare = (...args: string[]) => runNode(main, ['compare', ...args]);

/** Compares v1 with v2 on a file. */
async function iris(data: string, ...options: string[]): Promise<Comparison> {
  const [champion, challenger] = await Promise.all(['v1', 'v2'].map(serve));
  const addresses = ['--champion', champion?.url ?? '', '--challenger', challenger?.url ?? ''];
  const { code, stdout, stderr } = await compare(
    ...addresses,
    '--data',
    data,
    '--json',
    ...options,
  );
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('two models', () => {
  const same = v1.labels.filter((label, row) => label === v2.labels[row]).length;
  const right = ({ labels }: Golden) => labels.filter((label, row) => label === truth(row)).length;

  it('agree on as many rows as their golden predictions', async () => {
    const jsonLines = rows.map((inputs) => JSON.stringify(inputs)).join('\n');
    const comparison = await iris(file('rows.jsonl', jsonLines));
    expect(comparison.rows).toBe(150);
    expect(comparison.agreement).toMatchObject({ count: same, of: 150 });
    expect(comparison.disagreements).toHaveLength(Math.min(20, 150 - same));
    const farthest = Math.max(
      ...v1.probabilities.flatMap((row, i) =>
        row.map((value, j) => Math.abs(value - (v2.probabilities[i]?.[j] ?? 0))),
      ),
    );
    expect(comparison.largestProbabilityDifference?.difference).toBeCloseTo(farthest, 5);
    const counted = Object.values(comparison.confusion ?? {}).flatMap(Object.values<number>);
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(150);
    expect(comparison.champion).toMatchObject({ version: 'v1', answered: 150, failed: 0 });
    expect(comparison.champion.accuracy).toBeUndefined();
  });

  it('are as accurate as they are, by the labels of a CSV file whose columns stand in another order', async () => {
    const header = 'species,petal width,petal length,sepal width,sepal length';
    const lines = rows.map((row, i) => [`"${truth(i)}"`, ...row.toReversed()].join(','));
    const data = file('iris.csv', `${[header, ...lines].join('\r\n')}\r\n`);
    const { champion, challenger, agreement, accuracyDifference } = await iris(
      data,
      '--label',
      'species',
    );
    expect(agreement.count).toBe(same);
    expect(champion.accuracy).toMatchObject({ count: right(v1), of: 150 });
    expect(challenger.accuracy).toMatchObject({ count: right(v2), of: 150 });
    const { onlyChampionRight = 0, onlyChallengerRight = 0 } = accuracyDifference ?? {};
    expect(onlyChampionRight - onlyChallengerRight).toBe(right(v1) - right(v2));
  });

  it('are told apart in a report for people, and --min-agreement stops a pipeline', async () => {
    const [champion, challenger] = await Promise.all(['v1', 'v2'].map(serve));
    const differing = rows.findIndex((_, row) => v1.labels[row] !== v2.labels[row]);
    const data = file(
      'few.jsonl',
      `${JSON.stringify(rows[0])}\n\n${JSON.stringify({ inputs: rows[differing], label: truth(differing) })}\n`,
    );
    const addresses = ['--champion', champion?.url ?? '', '--challenger', challenger?.url ?? ''];
    const { code, stdout, stderr } = await compare(
      ...addresses,
      ...['--data', data, '--min-agreement', '0.9'],
    );
    expect(stdout).toContain('agreement   1 of 2 = 50.0 % (95 % interval 9.5 % to 90.5 %)');
    expect(stdout).toContain(
      `  line 3: ${JSON.stringify(rows[differing])} champion: ${v1.labels[differing]}, challenger: ${v2.labels[differing]}, true: ${truth(differing)}`,
    );
    expect(stdout).toMatch(/predictions of the champion \(rows\) and the challenger \(columns\)/);
    expect(stderr).toMatch(/^1 of 2 rows agree, fewer than --min-agreement 0\.9 asks for/);
    expect(code).toBe(1);
  });

  it('are compared by number where they are no classifiers', async () => {
    const model = () => start({ MODEL_DIR: testModel('two-inputs'), LOG_LEVEL: 'silent' });
    const data = file('named.jsonl', '{"inputs": {"ids": [1, 2], "mask": [1, 0]}}');
    const [one, other] = await Promise.all([model(), model()]);
    const addresses = ['--champion', one.url, '--challenger', other.url];
    const { code, stdout, stderr } = await compare(...addresses, '--data', data, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      agreement: { count: 1, of: 1 },
      largestDifference: { difference: 0 },
    });
  });
});

it('counts what a server does not answer, and says why', async () => {
  const { url } = await serve('v1');
  const data = file('bad.jsonl', `${JSON.stringify(rows[0])}\n[1,2]\n`);
  const { stdout } = await compare('--champion', url, '--challenger', url, '--data', data);
  expect(stdout).toContain('1 answered, 1 failed');
  expect(stdout).toContain('not compared: rows that neither version answered: 1 of 2\n');
  expect(stdout).toMatch(/first failure of iris v1: .*expected 4 numbers/);
  expect(stdout).toContain('agreement   1 of 1');
});

it('counts a row that only one of them answers as a disagreement', async () => {
  const [{ url }, strict] = await Promise.all([
    serve('v1'),
    start({ MODEL_DIR: path.join(root, 'model/v1'), MAX_ROWS: '1', LOG_LEVEL: 'silent' }),
  ]);
  const data = file(
    'batches.jsonl',
    `${JSON.stringify(rows[0])}\n${JSON.stringify([rows[0], rows[1]])}\n`,
  );
  const sides = ['--champion', url, '--challenger', strict.url];
  const { code, stdout, stderr } = await compare(...sides, '--data', data, '--min-agreement', '1');
  expect(stdout).toContain('agreement   1 of 2');
  expect([code, stderr]).toEqual([1, expect.stringContaining('fewer than --min-agreement 1')]);
});

it('lets nobody pass by rows that neither answers', async () => {
  const strict = () =>
    start({ MODEL_DIR: path.join(root, 'model/v1'), MAX_ROWS: '1', LOG_LEVEL: 'silent' });
  const sides = await Promise.all([strict(), strict()]);
  const [one, two] = [JSON.stringify(rows[0]), JSON.stringify([rows[0], rows[1]])];
  const compared = async (name: string, data: string, ...options: string[]) => {
    const addresses = ['--champion', sides[0].url, '--challenger', sides[1].url];
    const { code, stdout, stderr } = await compare(
      ...addresses,
      ...['--data', file(name, data), ...options],
    );
    return [code, /not compared.*/.exec(stdout)?.[0], stderr];
  };
  const unanswered = 'not compared: rows that neither version answered:';
  expect(await compared('unanswered.jsonl', `${two}\n${two}\n`)).toEqual([
    3,
    `${unanswered} 2 of 2`,
    'Neither server answered any of 2 rows: nothing was compared.\n',
  ]);
  const half = `${one}\n${two}\n`;
  expect(await compared('half.jsonl', half)).toEqual([0, `${unanswered} 1 of 2`, '']);
  expect(await compared('half.jsonl', half, '--min-agreement', '0.9')).toEqual([
    1,
    `${unanswered} 1 of 2`,
    expect.stringMatching(/^1 of 2 rows agree, fewer than --min-agreement 0\.9 asks for/),
  ]);
});

it('takes no column for another one whose name is mistyped', async () => {
  const { url } = await serve('v1');
  const data = file(
    'typo.csv',
    'petal lenght,petal width,sepal length,sepal width\n1.4,0.2,5.1,3.5\n',
  );
  const { code, stderr } = await compare('--champion', url, '--challenger', url, '--data', data);
  expect(stderr).toMatch(
    /there is no column "petal length", but petal lenght, petal width, .+\. Name all columns/,
  );
  expect(code).toBe(3);
});

it('reads JSON Lines that begin with a byte order mark, as programs of Windows write them', async () => {
  const { url } = await serve('v1');
  const data = file('windows.jsonl', '\uFEFF[5.1,3.5,1.4,0.2]\r\n[6.3,3.3,6,2.5]\r\n');
  const { code, stdout } = await compare(
    ...['--champion', url, '--challenger', url, '--data', data],
  );
  expect(stdout).toContain('2 of 2');
  expect(code).toBe(0);
});

describe('refuses, and says what was expected', () => {
  const dead = 'http://127.0.0.1:9';

  it.each([
    [[], /^--champion URL is missing\. Run ml-sdk compare --help to see how it is used\.\n$/],
    [['--champion', dead], /^--challenger URL is missing\./],
    [['--champion', dead, '--challenger', dead], /^--data FILE is missing\./],
    [
      ['--champion', dead, '--challenger', dead, '--data', 'x', '--tolerance', 'a'],
      /^--tolerance: expected a number from 0, got "a"\./,
    ],
    [['--min-agreement', '95'], /^--min-agreement: expected a number from 0 to 1, got "95"\./],
    [['--agreement', '1'], /^Unknown option '--agreement'/],
    [
      ['--champion', dead, '--challenger', dead, '--data', 'x.csv'],
      /^--champion: http:\/\/127\.0\.0\.1:9 cannot be asked for its model\. /,
    ],
    [
      ['--champion', dead, '--challenger', dead, '--data', 'x', '--concurrency', '0'],
      /^--concurrency: expected a number from 1 to 256, got "0"\./,
    ],
  ])('%j', async (args, message) => {
    const { code, stderr } = await compare(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(stderr.includes('cannot be asked for its model') ? 3 : 2);
  });

  it.each([
    ['none.jsonl', undefined, [], /^--data: .*none\.jsonl does not exist, or cannot be read\.\n$/],
    ['rows.txt', '1', [], /^--data: expected a \.jsonl, \.ndjson or \.csv file, got .*rows\.txt/],
    ['empty.jsonl', '\n', [], /^--data: there is no row in .*empty\.jsonl/],
    ['text.jsonl', '[1,2,3,4]\nflower\n', [], /text\.jsonl:2 is not JSON: /],
    ['object.jsonl', '{"input": [1]}', [], /object\.jsonl:1: expected a row such as \[5\.1/],
    ['label.jsonl', '[1]', ['--label', 'x'], /^--label names a column of a CSV file/],
    [
      'three.csv',
      'a,b,c\n1,2,3\n',
      [],
      /the model takes 4 features .* and there are 3 columns \(a, b, c\)/,
    ],
    [
      'word.csv',
      'a,b,c,d\n1,2,3,4\n1,2,x,4\n',
      [],
      /word\.csv:3: column "c" is "x": expected a number/,
    ],
    ['short.csv', 'a,b,c,d\n1,2,3\n', [], /short\.csv: Invalid Record Length/],
    [
      'no-label.csv',
      'a,b,c,d\n',
      ['--label', 'e'],
      /^--label: .* has no column "e", but a, b, c, d\./,
    ],
  ])('the data file %s', async (name, content, options, message) => {
    const { url } = await serve('v1');
    const data = content === undefined ? path.join(folder, name) : file(name, content);
    const { code, stderr } = await compare(
      ...['--champion', url, '--challenger', url, '--data', data, ...options],
    );
    expect(stderr).toMatch(message);
    expect(code).toBe(['rows.txt', 'label.jsonl'].includes(name) ? 2 : 3);
  });

  it('a folder in the place of the data', async () => {
    const { url } = await serve('v1');
    const data = path.join(folder, 'folder.jsonl');
    mkdirSync(data);
    expect(await compare('--champion', url, '--challenger', url, '--data', data)).toMatchObject({
      code: 3,
      stderr: `--data: ${data} is a folder; expected a .jsonl, .ndjson or .csv file.\n`,
    });
  });

  it('a server that is none of ours', async () => {
    const server = createServer((_request, response) => response.end('<html>')).listen(0);
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { stderr } = await compare(
      ...['--champion', `http://127.0.0.1:${port}`, '--challenger', dead, '--data', 'x'],
    );
    expect(stderr).toMatch(
      /^--champion: http:\/\/127\.0\.0\.1:\d+ cannot be asked for its model\. /,
    );
  });
});

describe('its statistics', () => {
  it('are those of the literature', () => {
    // Newcombe 1998, table I: 81 of 263, and 0 of 20, by method 3 (score).
    expect(wilsonInterval(81, 263).map((bound) => bound.toFixed(4))).toEqual(['0.2553', '0.3662']);
    expect(wilsonInterval(0, 20).map((bound) => bound.toFixed(4))).toEqual(['0.0000', '0.1611']);
    // Python: scipy.stats.binomtest(k, n).pvalue
    expect(mcnemar(6, 12)).toBeCloseTo(0.23788, 5);
    expect(mcnemar(0, 10)).toBeCloseTo(0.001953125, 12);
    expect(mcnemar(5, 5)).toBe(1);
    expect(mcnemar(0, 0)).toBe(1);
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([], 0.5)).toBeUndefined();
  });
});
