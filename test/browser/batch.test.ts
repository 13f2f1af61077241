// The playground's batch: CSV in, predictions and CSV out.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { testModel } from '../../server/test/start.ts';
import { expectNoAxeViolations, expectToFit, open, openUrl, twoVersions } from './browser.ts';
import { differing, FEATURES, flowersAsCsv, irisModel, irisWithNames } from './iris.ts';

async function predictRows(page: Page, csv: string): Promise<void> {
  await page.locator('#rows').fill(csv);
  await page.getByRole('button', { name: 'Predict all rows' }).click();
}

const columnOf = (page: Page, name: string) =>
  page.locator('#table').evaluate((place, title) => {
    const cells = [...place.querySelectorAll('thead th')].map((one) => one.textContent);
    const at = cells.indexOf(title);
    return [...place.querySelectorAll('tbody tr')].map((row) => row.children[at]?.textContent);
  }, name);

const openFile = (page: Page, name: string, content: string | Buffer) =>
  page.locator('#file').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });

const problem = (page: Page) => page.locator('#batch-problem');

async function downloaded(page: Page): Promise<{ name: string; lines: string[] }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download CSV' }).click(),
  ]);
  const text = readFileSync(await download.path(), 'utf8');
  expect(text.startsWith('\uFEFF')).toBe(true);
  return { name: download.suggestedFilename(), lines: text.slice(1).trimEnd().split('\n') };
}

describe('CSV in', () => {
  it('finds columns by name, in any order, spelled as spreadsheets do, and keeps the others', async () => {
    const page = await open();
    await predictRows(
      page,
      'id;Petal_Width;"sepal length (cm)";sepal width;PETAL LENGTH\nx1;0,2;5,1;3,5;1,4\r\n"a;b";2.3;6.7;3.0;5.2\n\n',
    );
    await expect
      .poll(() => columnOf(page, 'Prediction'))
      .toEqual([expect.stringMatching(/^setosa /), expect.stringMatching(/^virginica /)]);
    expect(await columnOf(page, 'id')).toEqual(['x1', 'a;b']);
    expect(await page.locator('#summary').textContent()).toBe(
      '2 rows predicted. Ignored columns, kept in the CSV: id',
    );
    expect((await downloaded(page)).lines.at(-1)).toMatch(
      /^"a;b",2.3,6.7,3.0,5.2,virginica,0\.\d+$/,
    );
  });

  it('takes rows without a header in the order of the features, in tabs too', async () => {
    const page = await open();
    await predictRows(page, '6.7\t3.0\t5.2\t2.3\n5.1\t3.5\t1.4\t0.2\n');
    await expect
      .poll(() => columnOf(page, 'Prediction'))
      .toEqual([expect.stringMatching(/^virginica /), expect.stringMatching(/^setosa /)]);
  });

  it.each([
    ['a semicolon', 'sep=;\r\n5,1;3,5;1,4;0,2\r\n'],
    ['a comma, though a name has a semicolon', `sep=,\n${FEATURES},"a;b"\n5.1,3.5,1.4,0.2,x`],
    ['a bar', 'SEP=|\n5.1|3.5|1.4|0.2'],
    ['a tab', 'sep=\t\n5.1\t3.5\t1.4\t0.2'],
  ])("takes the separator from Excel's own first line: %s", async (_what, csv) => {
    const page = await open();
    await predictRows(page, csv);
    await expect
      .poll(() => columnOf(page, 'Prediction'))
      .toEqual([expect.stringMatching(/^setosa /)]);
  });

  it.each([
    ['sep=;\n1;2;3;a', 'Row 1 (line 2), column “petal width”: expected a number, got “a”.'],
    ['sep=;', 'The batch has no rows.'],
    ['5.1,3.5,1.4,0.2\n6,x,3,1', 'Row 2, column “sepal width”: expected a number, got “x”.'],
    ['5.1,3.5,1.4,', 'Row 1, column “petal width”: expected a number, got nothing.'],
    [
      '5.1,3.5,1.4,1e999',
      'Row 1, column “petal width”: expected a number of at most 1.8e+308, got “1e999”.',
    ],
    ['NaN,NaN,NaN,NaN', expect.stringMatching(/^Row 1, .*got “NaN”/)],
    [
      '5.1,3.5,1.4,0.2\n,,,\n5.1,3.5,1.4,0.2\n,,,\n',
      expect.stringMatching(/^Row 2, .*got nothing/),
    ],
    [
      '9007199254740993,3.5,1.4,0.2',
      'Row 1, column “sepal length”: expected a number that JavaScript holds exactly, up to 9007199254740991, got “9007199254740993”.',
    ],
    ['5.1,3.5,1.4,0x10', 'Row 1, column “petal width”: expected a number, got “0x10”.'],
    [
      `${FEATURES}\n1,2\n`,
      'Row 1 (line 2): expected 4 values (sepal length, sepal width, petal length, petal width), got 2.',
    ],
    [
      'sepal length,sepal width,petal length,colour\n1,2,3,4',
      'The header has no column “petal width”. Expected sepal length, sepal width, petal length, petal width, in any order.',
    ],
    [
      `${FEATURES},Sepal Length,sepal length\n1,2,3,4,5,6`,
      'The header has more than one column “sepal length”. Expected sepal length, sepal width, petal length, petal width, in any order.',
    ],
    ['', 'The batch has no rows.'],
    [`${FEATURES}\n`, 'The batch has no rows.'],
    [
      `${'1,2,3,a\n'.repeat(7)}`,
      [
        ...[1, 2, 3, 4, 5].map(
          (i) => `Row ${i}, column “petal width”: expected a number, got “a”.`,
        ),
        'And 2 more.',
      ].join('\n'),
    ],
  ])('says what is wrong with %j', async (csv, expected) => {
    const page = await open();
    await predictRows(page, csv);
    await expect.poll(() => problem(page).textContent()).toEqual(expected);
    expect(await page.locator('#result').isHidden()).toBe(true);
    await predictRows(page, '5.1,3.5,1.4,0.2');
    await expect.poll(() => problem(page).isHidden()).toBe(true);
  });

  it('says what the server does not take, in its words', async () => {
    const page = await open();
    await predictRows(page, '5.1,3.5,1.4,1e39');
    await expect.poll(() => problem(page).textContent()).toMatch(/expected a number .* got 1e\+39/);
  });

  it('opens a file, and refuses one that is too large or not text', async () => {
    const page = await open();
    await openFile(page, 'flowers.csv', `\uFEFF${flowersAsCsv()}`);
    await expect.poll(() => page.locator('#summary').textContent()).toBe('150 rows predicted');
    expect(await page.locator('#table tbody tr').count()).toBe(100);
    expect(await page.locator('#notes').textContent()).toContain(
      '100 of 150 rows; the CSV has all.',
    );
    await openFile(page, 'many.csv', '1,2,3,4\n'.repeat(10_001));
    await expect
      .poll(() => problem(page).textContent())
      .toBe('The batch has 10001 rows; expected at most 10000.');
    await openFile(page, 'most.csv', '5.1,3.5,1.4,0.2\n'.repeat(10_000));
    await expect
      .poll(() => page.locator('#summary').textContent(), { timeout: 60_000 })
      .toBe('10000 rows predicted');
    await openFile(page, 'huge.csv', Buffer.alloc(5 * 2 ** 20 + 1, '1'));
    await expect.poll(() => problem(page).textContent()).toBe('huge.csv is larger than 5 MiB.');
    await openFile(page, 'latin.csv', Buffer.from([0xe4, 0x2c, 0x31]));
    await expect
      .poll(() => problem(page).textContent())
      .toBe('latin.csv is not UTF-8 text. Save it as “CSV UTF-8”.');
  });

  it('sends one row at a time to a model that takes no more', async () => {
    const page = await open({ MODEL_DIR: testModel('one-row') });
    const sent: unknown[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/predict')) sent.push(request.postDataJSON().inputs);
    });
    await predictRows(page, '1,2\n3,4\n5,6');
    await expect.poll(() => columnOf(page, 'Prediction')).toEqual(['3', '7', '11']);
    expect(sent).toEqual([[[1, 2]], [[3, 4]], [[5, 6]]]);
  });

  it('takes a header of names that look like numbers', async () => {
    const page = await open({ MODEL_DIR: testModel('one-row') });
    await predictRows(page, '2021,note,2020\n1,x,2');
    await expect.poll(() => columnOf(page, 'Prediction')).toEqual(['3']);
  });

  it('takes decimal commas without a header', async () => {
    const page = await open();
    await predictRows(page, '5,1;3,5;1,4;0,2\n6,7;3,0;5,2;2,3\n');
    await expect
      .poll(() => columnOf(page, 'Prediction'))
      .toEqual([expect.stringMatching(/^setosa /), expect.stringMatching(/^virginica /)]);
  });

  it.each([
    [['=b', '-log(p)', '@x', "'tis"]],
    [['a;b', 'tab\there', 'c,d', '"quoted"']],
    [['0', '1', '2', '3']],
    [['same', 'same', 'same', 'same']],
  ])(
    'takes the rows that it begins with, and what it gives, for features named %j',
    async (names) => {
      const page = await open({ MODEL_DIR: irisWithNames(names) });
      await page.getByRole('button', { name: 'Predict all rows' }).click();
      await expect.poll(() => page.locator('#summary').textContent()).toBe('2 rows predicted');
      const { lines } = await downloaded(page);
      await predictRows(page, lines.join('\n'));
      await expect
        .poll(() => page.locator('#summary').textContent())
        .toMatch(/^2 rows predicted. Ignored columns/);
    },
  );

  it('predicts the file that was opened last, however long an earlier one takes', async () => {
    const page = await open();
    let late = () => {};
    await page.route('**/predict', async (route) => {
      if (route.request().postDataJSON().inputs.length === 5)
        await new Promise<void>((resolve) => {
          late = resolve;
        });
      await route.continue();
    });
    const asked = page.waitForRequest('**/predict');
    await openFile(page, 'a.csv', '5.1,3.5,1.4,0.2\n'.repeat(5));
    await asked;
    await openFile(page, 'b.csv', '6.7,3.0,5.2,2.3\n'.repeat(2));
    const summary = () => page.locator('#summary').textContent();
    await expect.poll(summary).toBe('2 rows predicted');
    const answered = page.waitForResponse('**/predict');
    late();
    await answered;
    await predictRows(page, '5.1,3.5,1.4,0.2'); // after which the earlier one would have been shown
    await expect.poll(summary).toBe('1 row predicted');
  });

  it('sends more rows than a request may have in several', async () => {
    const page = await open({ MAX_ROWS: '64' });
    await predictRows(page, flowersAsCsv());
    await expect.poll(() => page.locator('#summary').textContent()).toBe('150 rows predicted');
    expect((await downloaded(page)).lines).toHaveLength(151);
  });
});

describe('CSV out', () => {
  it('has the rows as they were given, and their predictions', async () => {
    const page = await open();
    await predictRows(page, flowersAsCsv(75));
    await page.locator('#table table').waitFor();
    expect(await downloaded(page)).toEqual({
      name: 'iris-predictions.csv',
      lines: [
        `${FEATURES},Prediction,Prediction: probability`,
        expect.stringMatching(/^5.1,3.5,1.4,0.2,setosa,(1|0\.\d+)$/),
        expect.stringMatching(/^6.6,3,4.4,1.4,versicolor,(1|0\.\d+)$/),
      ],
    });
  });

  it('leaves no formula in it for a spreadsheet, and quotes what must be', async () => {
    const page = await open({ MODEL_DIR: testModel('hostile-names') });
    await predictRows(page, '1,0\n0,-1');
    await page.locator('#table table').waitFor();
    const { lines } = await downloaded(page);
    expect(lines[0]).toBe(
      '"<img src=x onerror=""document.title=1"">","a, ""b""",Prediction,Prediction: probability',
    );
    expect(lines[1]).toMatch(/^1,0,'=1\+1,0\.73\d+$/);
    expect(lines[2]).toMatch(/^0,-1,'=1\+1,0\.73\d+$/);
  });
});

describe('with two versions', () => {
  it('asks both, counts and marks the rows that they disagree on, and shows them alone', async () => {
    const page = await openUrl(await twoVersions(irisModel('v1'), irisModel('v2')));
    await predictRows(page, flowersAsCsv());
    const { rows, all } = differing();
    await expect
      .poll(() => page.locator('#summary strong').textContent())
      .toBe(`v1 and v2 disagree on ${rows.length} of ${all} rows`);
    await page.getByLabel('Only rows where versions disagree').check();
    expect(await columnOf(page, 'Row')).toEqual(rows.map((i) => `${i + 1} ≠`));
    const [v1, v2] = await Promise.all([
      columnOf(page, 'v1 predicts'),
      columnOf(page, 'v2 predicts'),
    ]);
    const { labels } = differing();
    expect(v1[0]).toContain(labels[0]);
    expect(v2[0]).toContain(labels[1]);
    await expectNoAxeViolations(page);
    const { lines } = await downloaded(page);
    expect(lines[0]).toBe(
      `${FEATURES},v1 predicts,v1 predicts: probability,v2 predicts,v2 predicts: probability,agree`,
    );
    expect(lines.slice(1).flatMap((line, i) => (line.endsWith(',false') ? [i] : []))).toEqual(rows);
    await page.getByLabel('Only rows where versions disagree').uncheck();
    expect(await page.locator('#table tbody tr').count()).toBe(100);
    await predictRows(page, '5.1,3.5,1.4,0.2');
    await expect
      .poll(() => page.locator('#summary').textContent())
      .toBe('v1 and v2 agree on 1 row');
  });

  it('says how far the numbers of a regression are apart', async () => {
    const page = await openUrl(await twoVersions(testModel('line'), testModel('line-v2')));
    await predictRows(page, 'a,b,c\n0,0,0\n4,0,0\n-8,0,0');
    await expect
      .poll(() => page.locator('#summary').textContent())
      .toMatch(/^v1 and v2 disagree on 2 of 3 rows \(66\.7\s%\), by 2 at most, in row 3$/);
  });

  it('shows what one predicts where the other does not respond, and says which', async () => {
    const page = await openUrl(await twoVersions(irisModel('v1'), irisModel('v2')), {
      expectedComplaints: /status of 503/,
    });
    const full = { status: 503, json: { detail: 'The queue is full.' } };
    await page.route('**/v2/predict', (route) => route.fulfill(full));
    await predictRows(page, flowersAsCsv());
    await expect.poll(() => problem(page).textContent()).toBe('v2: The queue is full.');
    expect(await page.locator('#summary').textContent()).toBe('150 rows predicted by v1 alone');
    expect((await columnOf(page, 'Prediction'))[0]).toContain('setosa');
    const { lines } = await downloaded(page);
    expect(lines[0]).toBe(`${FEATURES},Prediction,Prediction: probability`);
    await expectNoAxeViolations(page);
    await page.route('**/v1/predict', (route) => route.fulfill(full));
    await predictRows(page, flowersAsCsv());
    await expect
      .poll(() => problem(page).textContent())
      .toBe('v1: The queue is full.\nv2: The queue is full.');
    expect(await page.locator('#result').isHidden()).toBe(true);
    await page.unrouteAll();
    await predictRows(page, flowersAsCsv());
    await expect.poll(() => page.locator('#summary').textContent()).toContain('v1 and v2 disagree');
    expect(await problem(page).isHidden()).toBe(true);
  });

  it('goes on with one where the other fails in the middle of a long batch, and says where both have', async () => {
    const page = await openUrl(await twoVersions(irisModel('v1'), irisModel('v2')), {
      expectedComplaints: /status of 503/,
    });
    const full = { status: 503, json: { detail: 'The queue is full.' } };
    let requests = 0;
    await page.route('**/v2/predict', (route) =>
      ++requests % 2 === 0 ? route.fulfill(full) : route.continue(),
    );
    const rows = '5.1,3.5,1.4,0.2\n'.repeat(2500);
    await predictRows(page, rows);
    await expect.poll(() => problem(page).textContent()).toBe('v2: The queue is full.');
    expect(await page.locator('#summary').textContent()).toBe('2500 rows predicted by v1 alone');
    expect((await downloaded(page)).lines).toHaveLength(2501);
    let others = 0;
    await page.route('**/v1/predict', (route) =>
      ++others === 3 ? route.fulfill(full) : route.continue(),
    );
    await predictRows(page, rows);
    await expect
      .poll(() => problem(page).textContent())
      .toBe('v2: The queue is full.\nv1: The queue is full.');
  });

  it('fits a phone', async () => {
    const page = await openUrl(await twoVersions(irisModel('v1'), irisModel('v2')), {
      viewport: { width: 360, height: 740 },
    });
    await predictRows(page, flowersAsCsv());
    await page.locator('#table table').waitFor();
    await expectToFit(page);
  });
});
