// The playground in a real Chromium: its inputs, its predictions and its code, for models of every kind.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { modelsDir } from '../../server/test/models-dir.ts';
import { keysFile, start, testModel } from '../../server/test/start.ts';
import { fetchForeignModel } from '../models/fetch.ts';
import { foreignModel } from '../models/models.ts';
import { runBash } from '../run-program.ts';
import {
  expectNoAxeViolations,
  open,
  openUrl,
  PLAIN_HTTP_HOST,
  result,
  twoVersions,
} from './browser.ts';
import { differing, irisModel } from './iris.ts';

const problem = (page: Page) => page.locator('#input-problem');

/** The classes that are marked as predicted, and the mark. */
const predicted = (page: Page) =>
  page
    .locator('.line[aria-current=true]')
    .evaluateAll((lines) =>
      lines.map((line) => [
        line.closest('.class')?.querySelector('span')?.textContent,
        line.querySelector('.mark')?.textContent,
      ]),
    );

describe('for iris', () => {
  it('shows the prediction of the example at once, and of every change', async () => {
    const page = await open();
    expect(await page.title()).toBe('iris v1');
    expect(await result(page).textContent()).toBe('setosa');
    expect(await page.locator('.class').count()).toBe(3);
    expect(await predicted(page)).toEqual([['setosa', '✓ predicted']]);
    await page.getByLabel('petal length', { exact: false }).last().fill('5.5');
    await page.getByLabel('petal width', { exact: false }).last().fill('2.1');
    await expect.poll(() => result(page).textContent()).toBe('virginica');
    await page.getByLabel('petal length, slider').fill('1');
    await page.getByLabel('petal width, slider').fill('0.1');
    await expect.poll(() => result(page).textContent()).toBe('setosa');
    expect(await predicted(page)).toEqual([['setosa', '✓ predicted']]);
    expect(await page.locator('#spoken').textContent()).toMatch(/^\s*setosa$/);
    const latency = page.locator('#latency');
    // As wide as its place, however few values it has.
    expect(await latency.locator('polyline').getAttribute('points')).toMatch(/^0,.* 240,[\d.]+$/);
    expect(await latency.textContent()).toMatch(
      /^Round trip [\d.]+\sms, [\d.]+\sms of it in the model · median of \d+: [\d.]+\sms$/,
    );
  });

  it('says what is wrong in the words of the server, and forgets it when it is right again', async () => {
    const page = await open();
    const field = page.getByLabel('sepal length', { exact: false }).last();
    await field.fill('1e39');
    await expect.poll(() => problem(page).textContent()).toMatch(/expected a number .* got 1e\+39/);
    await field.fill('');
    await expect.poll(() => problem(page).textContent()).toBe('sepal length: a number is missing.');
    await field.pressSequentially('1e999');
    await expect
      .poll(() => problem(page).textContent())
      .toMatch(/^sepal length: expected .* at most 1\.8e\+308; it is too large, or no number\.$/);
    await field.fill('5.1');
    await expect.poll(() => problem(page).isHidden()).toBe(true);
  });

  it('gives code that works as it is copied', async () => {
    const page = await open({}, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy the curl command' }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Copied' }).count()).toBe(1);
    const curl = await page.evaluate<string>('navigator.clipboard.readText()');
    const { stdout: printed } = await runBash(`${curl} --silent`);
    expect(JSON.parse(printed)).toMatchObject({ prediction: [0], labels: ['setosa'] });
    expect(await page.locator('#sdk').textContent()).toMatch(
      /import \{ createClient \} from '@org\/ml-sdk'/,
    );
  });

  describe('on plain HTTP, where pages have no clipboard', () => {
    async function openPlain(): Promise<Page> {
      const { url } = await start({ LOG_LEVEL: 'silent' });
      const page = await openUrl(url.replace('127.0.0.1', PLAIN_HTTP_HOST));
      expect(await page.evaluate<string>('typeof navigator.clipboard')).toBe('undefined');
      return page;
    }
    const copy = (page: Page) =>
      page.getByRole('button', { name: 'Copy the curl command' }).click();

    it('copies', async () => {
      const page = await openPlain();
      await copy(page);
      await expect.poll(() => page.getByRole('button', { name: 'Copied' }).count()).toBe(1);
      await page.locator('#rows').fill('');
      await page.locator('#rows').press('Control+V');
      const curl = await page.locator('#curl').textContent();
      expect(await page.locator('#rows').inputValue()).toBe(curl);
      expect(await page.evaluate<string>('String(getSelection())')).not.toContain('curl');
    });

    it('selects the code and says which keys copy it, where the browser refuses that, too', async () => {
      const page = await openPlain();
      await page.evaluate('document.execCommand = () => false');
      await copy(page);
      const hint = page.getByRole('button', { name: /^Press (Ctrl\+|⌘)C to copy/ });
      await expect.poll(() => hint.count()).toBe(1);
      const selected = await page.evaluate<string>('String(getSelection())');
      expect(selected).toBe(await page.locator('#curl').textContent());
      await expect
        .poll(() => page.getByRole('button', { name: 'Copy the curl command' }).count(), {
          timeout: 30_000,
        })
        .toBe(1);
    });
  });

  it('has the ends of each slider, and says where a number is outside of them', async () => {
    const page = await open();
    expect(await page.locator('.ends').first().textContent()).toBe('4.37.9');
    const field = page.locator('#feature-0');
    await field.fill('12');
    const note = page.locator(`#${await field.getAttribute('aria-describedby')}`);
    expect(await note.textContent()).toBe('Outside the training range, 4.3 to 7.9');
    await page.getByRole('button', { name: 'Reset' }).click();
    expect(await field.inputValue()).toBe('5.1');
    expect(await note.textContent()).toBe('');
  });

  it('works by keyboard alone', async () => {
    const page = await open();
    await page.getByLabel('petal length, slider').focus();
    await page.keyboard.press('End');
    await expect.poll(() => page.locator('#feature-2').inputValue()).toBe('6.9');
    await page.locator('#rows').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#table table').waitFor();
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('run');
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('file');
  });

  it('asks for an API key only where one is needed, and takes another after a wrong one', async () => {
    const open1 = await open();
    expect(await open1.locator('#key').isHidden()).toBe(true);
    expect(await open1.locator('#curl').textContent()).not.toContain('API');
    const page = await open({ API_KEYS_FILE: keysFile() }, { expectedComplaints: /status of 401/ });
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('key');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#problem').textContent()).toMatch(/API key/);
    await page.locator('#key').fill('first-key');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await expect.poll(() => result(page).allTextContents()).toEqual(['setosa']);
    expect(await page.locator('#curl').textContent()).toContain('X-API-Key: $ML_API_KEY');
    expect(await page.content()).not.toContain('first-key');
    await page.getByRole('button', { name: 'Predict all rows' }).click();
    await page.locator('#table table').waitFor();
  });

  it('asks one thing at a time, and ends with the latest', async () => {
    const page = await open();
    let [running, most] = [0, 0];
    await page.route('**/predict', async (route) => {
      most = Math.max(most, ++running);
      const response = await route.fetch();
      running--;
      await route.fulfill({ response });
    });
    for (let i = 0; i < 20; i++)
      await page.getByLabel('petal length, slider').fill(String(1 + i / 5));
    await page.getByLabel('petal length, slider').fill('6.9');
    await page.getByLabel('petal width, slider').fill('2.5');
    await expect.poll(() => result(page).textContent()).toBe('virginica');
    expect(most).toBe(1);
  });

  it('works below a base path, of that version', async () => {
    const page = await open({ BASE_PATH: '/v1' }, { at: '/v1' });
    expect(page.url()).toMatch(/\/v1\/$/);
    expect(await result(page).textContent()).toBe('setosa');
    expect(await page.locator('#curl').textContent()).toContain('/v1/predict');
    await page.getByRole('link', { name: 'API docs' }).click();
    await page.locator('.swagger-ui .info').waitFor();
    expect(page.url()).toMatch(/\/v1\/docs$/);
  });
});

describe('for two versions', () => {
  it('shows what both predict for the same inputs, and where they differ', async () => {
    const page = await openUrl(await twoVersions(irisModel('v1'), irisModel('v2')));
    expect(await page.title()).toBe('iris v1 and v2');
    expect(await page.locator('#name').textContent()).toBe('iris v1 v2');
    expect(await page.locator('#tiles h3').allTextContents()).toEqual(['v1', 'v2']);
    const verdict = page.locator('#verdict');
    await expect.poll(() => result(page).allTextContents()).toEqual(['setosa', 'setosa']);
    expect(await verdict.textContent()).toMatch(
      /^v1 and v2 agree · probabilities up to [\d.]+ points apart/,
    );

    const { inputs, labels } = differing();
    for (const [i, value] of inputs.entries())
      await page.locator(`#feature-${i}`).fill(String(value));
    await expect.poll(() => result(page).allTextContents()).toEqual(labels);
    expect(await verdict.textContent()).toMatch(/^v1 and v2 disagree · /);
    expect(await page.locator('#spoken').textContent()).toContain('v1 and v2 disagree');
    // A bar of each version for each class; each version's predicted class is marked.
    expect(await page.locator('.line').count()).toBe(6);
    expect((await predicted(page)).map(([name]) => name).sort()).toEqual(labels.sort());
    expect(await page.locator('#latency').textContent()).toMatch(
      /^Round trip: v1 [\d.]+\sms, v2 [\d.]+\sms$/,
    );
    expect(await page.locator('#latency polyline').count()).toBe(2);
  });

  it('says how far numbers are apart, and draws how they follow the inputs', async () => {
    const page = await openUrl(await twoVersions(testModel('line'), testModel('line-v2')));
    await page.locator('#feature-0').fill('8');
    await expect.poll(() => result(page).allTextContents()).toEqual(['7', '9']);
    expect(await page.locator('#verdict').textContent()).toBe('v1 and v2 disagree · by 2');
    expect(await page.locator('#history').textContent()).toBe('Latest predictions, from 3 to 9');
    expect(await page.locator('#history polyline').count()).toBe(2);
  });

  it('shows the problem of one beside the prediction of the other', async () => {
    const page = await openUrl(await twoVersions(testModel('line'), testModel('line-v2')), {
      expectedComplaints: /status of 503/,
    });
    await page.route('**/v2/predict', (route) =>
      route.fulfill({ status: 503, json: { detail: 'The queue is full.' } }),
    );
    await page.locator('#feature-0').fill('8');
    const tiles = page.locator('.tile');
    await expect
      .poll(() => tiles.nth(1).locator('.problem').textContent())
      .toBe('The queue is full.');
    expect(await result(page).allTextContents()).toEqual(['7']);
    expect(await page.locator('#verdict').isHidden()).toBe(true);
    expect(await page.locator('#spoken').textContent()).toBe('v1 7. v2 The queue is full.');
  });

  it('says that a page in place of a prediction is not of this server', async () => {
    const page = await openUrl(await twoVersions(testModel('line'), testModel('line-v2')));
    await page.route('**/v2/predict', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<h1>Log in</h1>' }),
    );
    await page.locator('#feature-0').fill('8');
    await expect
      .poll(() => page.locator('.tile').nth(1).locator('.problem').textContent())
      .toMatch(/^The response is not of this server: expected JSON/);
  });

  it('shows this one alone where the other does not answer', async () => {
    const page = await openUrl(await twoVersions(testModel('line'), testModel('line-v2')));
    await page.route('**/v2/**', () => {}); // for ever
    await page.reload();
    await expect.poll(() => page.title()).toBe('line v1');
    await expect.poll(() => result(page).count()).toBe(1);
  });

  it('shows this one alone where the other cannot be reached', async () => {
    const page = await open(
      { VERSIONS: 'v1,v2', BASE_PATH: '/v1' },
      { expectedComplaints: /status of 404/ },
    );
    expect(await result(page).allTextContents()).toEqual(['setosa']);
    expect(await page.title()).toBe('iris v1');
    expect(await page.locator('#tiles h3').count()).toBe(0);
  });
});

describe('for other models', () => {
  it.each([
    ['two-inputs', { ids: [1, 2], mask: [1, 0] }, '1'],
    [
      'one-image',
      {
        image: Array(3).fill([
          [1, 2],
          [3, 4],
        ]),
      },
      '[[2.5,2.5,2.5]]',
    ],
    ['state-and-scalar', { state: [[[1, 2, 3]], [[4, 5, 6]]], rate: 2 }, '[[[2,4,6]],[[8,10,12]]]'],
  ])('%s: each of its tensors as JSON', async (name, inputs, expected) => {
    const page = await open({ MODEL_DIR: testModel(name) });
    for (const [tensor, value] of Object.entries(inputs))
      await page.getByLabel(new RegExp(`^${tensor} .*, as JSON$`)).fill(JSON.stringify(value));
    await expect.poll(() => result(page).textContent()).toBe(expected);
    expect(await page.locator('#batch').isHidden()).toBe(true);
    const [first = ''] = Object.keys(inputs);
    await page.locator('#tensor-0').fill('[1,');
    await expect
      .poll(() => problem(page).textContent())
      .toMatch(new RegExp(`^${first} is not JSON: `));
    expect(await page.locator('#stale').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => problem(page).isHidden()).toBe(true);
    expect(await page.locator('#stale').isVisible()).toBe(false);
  });

  it('negative: fills a picture, draws the one that comes back, and gives long requests as a file', async () => {
    const page = await open({ MODEL_DIR: testModel('negative') });
    await page.getByRole('button', { name: 'Random values for picture' }).click();
    await expect
      .poll(() => page.locator('#tiles .soft').first().textContent())
      .toMatch(/^min 0\.\d+ /);
    const drawn = await page.evaluate<{ width: number; height: number; greys: number }>(`(() => {
      const canvas = document.querySelector('canvas');
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
      return { width, height, greys: new Set(data).size };
    })()`);
    expect(drawn).toMatchObject({ width: 16, height: 16 });
    expect(drawn.greys).toBeGreaterThan(10);
    expect(await page.locator('#curl').textContent()).toContain('-d @request.json');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download request.json' }).click(),
    ]);
    const sent = JSON.parse(readFileSync(await download.path(), 'utf8'));
    const inputs = JSON.parse(await page.locator('#tensor-0').inputValue());
    expect(sent).toEqual({ inputs, outputs: true });
  });

  it('thousand-classes: the likeliest, the predicted one first', async () => {
    const page = await open({ MODEL_DIR: testModel('thousand-classes') });
    await page.locator('#feature-0').fill('12');
    await expect.poll(() => result(page).textContent()).not.toBe('0');
    const first = page.locator('.class').first();
    await expect
      .poll(() => first.locator('> span').textContent())
      .toBe(await result(page).textContent());
    expect(await page.locator('.class').count()).toBe(10);
    expect(await page.locator('.more').allTextContents()).toEqual([
      '990 less likely classes not shown',
    ]);
    expect(await predicted(page)).toEqual([[await result(page).textContent(), '✓ predicted']]);
  });

  it('hostile-names: shows names as they are', async () => {
    const page = await open({ MODEL_DIR: testModel('hostile-names') });
    const name = '<img src=x onerror="document.title=1">';
    expect(await page.locator('#description').textContent()).toBe(name);
    expect(await page.locator('.field label').first().textContent()).toBe(`${name} </label>`);
    await page.locator('#feature-1').fill('3');
    await expect.poll(() => result(page).textContent()).toBe(name);
    await page.locator('#run').click();
    await page.locator('#table table').waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('hostile-names v1');
  });

  it.each([
    ['file-type', undefined],
    ['text-direction', zeros([3, 48, 192])],
    ['voice-activity', { input: zeros([1, 512]), state: zeros([2, 1, 128]), sr: 16_000 }],
  ])('%s, which others trained: its tensors as JSON', async (name, inputs) => {
    const page = await open(
      { MODEL_DIR: fetchForeignModel(foreignModel(name)) },
      // Until all of its inputs fit each other, a model may fail at them.
      { expectedComplaints: /status of (422|500)/ },
    );
    expect(await page.title()).toMatch(new RegExp(`^${name} `));
    const values = name === 'voice-activity' ? Object.values(inputs ?? {}) : [inputs];
    for (const [i, value] of values.entries())
      if (value !== undefined) await page.locator(`#tensor-${i}`).fill(JSON.stringify(value));
    await expect.poll(() => problem(page).isHidden()).toBe(true);
    await expect.poll(() => result(page).first().textContent()).toMatch(/\S/);
    await expectNoAxeViolations(page);
  });

  it('two-inputs: asks nothing until its free sizes are chosen, which random values keep', async () => {
    const page = await open({ MODEL_DIR: testModel('two-inputs') });
    expect(await page.locator('#tiles').textContent()).toMatch(
      /^This model has inputs of free size/,
    );
    await page.locator('#tensor-0').fill('[1, 2, 3]');
    await expect.poll(() => result(page).allTextContents()).toEqual(['0']);
    await page.locator('#tensor-1').fill('[1, 1, 1]');
    await expect.poll(() => result(page).allTextContents()).toEqual(['6']);
    const random = page.getByRole('button', { name: 'Random values for ids' });
    await random.click();
    expect(JSON.parse(await page.locator('#tensor-0').inputValue())).toHaveLength(3);
    await page.locator('#tensor-0').fill('[1, 2');
    await random.click();
    expect(JSON.parse(await page.locator('#tensor-0').inputValue())).toHaveLength(1);
  });

  it('fails-on-some-rows: whole numbers, for a model of integers', async () => {
    const page = await open({ MODEL_DIR: testModel('fails-on-some-rows') });
    const slider = page.getByLabel('place, slider');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => result(page).textContent()).toBe('16');
    expect(await slider.getAttribute('step')).toBe('1');
  });

  it('scores: a field a feature, whatever its name', async () => {
    const page = await open({ MODEL_DIR: testModel('scores') });
    expect(await page.locator('.field').count()).toBe(3);
    expect(await result(page).textContent()).not.toBe('');
  });

  it('several of one server: links to each', async () => {
    const MODELS_DIR = modelsDir({ iris: irisModel('v1'), line: testModel('line') });
    const page = await open({ MODELS_DIR, DEFAULT_MODEL: 'iris' });
    const models = page.getByRole('navigation', { name: 'Models' }).getByRole('link');
    expect(await models.allTextContents()).toEqual(['iris', 'line']);
    expect(await models.first().getAttribute('aria-current')).toBe('page');
    await models.last().click();
    await expect.poll(() => page.title()).toBe('line v1');
    await expect.poll(() => result(page).textContent()).toBe('3');
  });
});

/** A tensor of zeros as JSON. */
function zeros([size, ...inner]: readonly number[]): unknown {
  return size === undefined ? 0 : Array.from({ length: size }, () => zeros(inner));
}
