// The playground in a real Chromium, for three models. SCREENSHOTS=on also renews the pictures in docs/images.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { start, testModel } from '../../server/test/start.ts';
import { fetchForeignModel } from '../models/fetch.ts';
import { foreignModel } from '../models/models.ts';
import { runBash } from '../run-program.ts';
import { launchChromium } from './chromium.ts';

const images = path.resolve(import.meta.dirname, '../../docs/images');

/** A name of this machine whose pages are no secure context, as those of a server on plain HTTP. */
const PLAIN_HTTP_HOST = 'playground.test';

let browser: Browser;
beforeAll(async () => {
  // Browsers trust localhost like HTTPS; this name of it they do not.
  browser = await launchChromium(`--host-resolver-rules=MAP ${PLAIN_HTTP_HOST} 127.0.0.1`);
});
afterAll(() => browser?.close());

type OpenOptions = BrowserContextOptions & {
  readonly at?: string;
  /** What the page may say to its console: the browser's own notes of answers that the page shows as problems. */
  readonly expectedComplaints?: RegExp;
};

/** The playground of a predictor. The test fails where the page asks another host, or says something to its console. */
async function open(
  env: Readonly<Record<string, string>> = {},
  { at = '/', expectedComplaints = /status of 422/, ...options }: OpenOptions = {},
): Promise<Page> {
  const { url } = await start({ LOG_LEVEL: 'silent', ...env });
  return openUrl(url, at, options, expectedComplaints);
}

async function openUrl(
  url: string,
  at: string,
  options: BrowserContextOptions,
  expectedComplaints = /status of 422/,
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser's own note of an answer that the page shows as a problem.
    if (!expectedComplaints.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url + at);
  await page.locator('#answer .result, #problem:not([hidden])').first().waitFor();
  return page;
}

/** One host for several predictors, as an Ingress makes one: by the head of the path, the first for all others. */
async function hostOf(servers: Readonly<Record<string, string>>): Promise<string> {
  const [first = ''] = Object.values(servers);
  const server = createServer((req, res) => {
    const [, head = ''] = /^\/([^/]+)/.exec(req.url ?? '') ?? [];
    const url = new URL(`${servers[head] ?? first}${req.url}`);
    const passed = request(url, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    passed.on('error', () => res.destroy());
    req.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const result = (page: Page) => page.locator('#answer .result');

async function expectNoAxeViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

describe('for iris', () => {
  it('shows the prediction of the example at once, and of every change', async () => {
    const page = await open();
    expect(await page.title()).toBe('iris v1');
    expect(await result(page).textContent()).toBe('setosa');
    expect(await page.locator('.class').count()).toBe(3);
    await page.getByLabel('petal length', { exact: false }).last().fill('5.5');
    await page.getByLabel('petal width', { exact: false }).last().fill('2.1');
    await expect.poll(() => result(page).textContent()).toBe('virginica');
    await page.getByLabel('petal length, slider').fill('1');
    await page.getByLabel('petal width, slider').fill('0.1');
    await expect.poll(() => result(page).textContent()).toBe('setosa');
    expect(await page.locator('#sparkline polyline').getAttribute('points')).toMatch(/^0,.* /);
    expect(await page.locator('#latency').textContent()).toMatch(/ ms the median of \d/);
  });

  it('says what is wrong in the words of the server, and forgets it when it is right again', async () => {
    const page = await open();
    const field = page.getByLabel('sepal length', { exact: false }).last();
    await field.fill('1e39');
    await expect
      .poll(() => page.locator('#problem').textContent())
      .toMatch(/expected a number .* got 1e\+39/);
    await field.fill('');
    await expect
      .poll(() => page.locator('#problem').textContent())
      .toBe('sepal length: a number is missing.');
    await field.fill('5.1');
    await expect.poll(() => page.locator('#problem').isHidden()).toBe(true);
  });

  it('predicts a pasted table, with a head and in tabs', async () => {
    const page = await open();
    await page.locator('#rows').fill('a\tb\tc\td\n5.1\t3.5\t1.4\t0.2\n6.7\t3.0\t5.2\t2.3\n');
    await page.getByRole('button', { name: 'Predict all rows' }).click();
    const cells = page.locator('#table tbody tr td:nth-child(3)');
    await expect.poll(() => cells.allTextContents()).toEqual(['setosa', 'virginica']);
    await page.locator('#rows').fill('5.1,3.5,x,0.2');
    await page.getByRole('button', { name: 'Predict all rows' }).click();
    await expect
      .poll(() => page.locator('#problem').textContent())
      .toContain('has "x", which is no number');
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
      const page = await openUrl(url.replace('127.0.0.1', PLAIN_HTTP_HOST), '/', {});
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

  it('works below a base path, of that version', async () => {
    const page = await open({ BASE_PATH: '/v1' }, { at: '/v1' });
    expect(page.url()).toMatch(/\/v1\/$/);
    expect(await result(page).textContent()).toBe('setosa');
    expect(await page.locator('#curl').textContent()).toContain('/v1/predict');
    await page.getByRole('link', { name: 'API docs' }).click();
    await page.locator('.swagger-ui .info').waitFor();
    expect(page.url()).toMatch(/\/v1\/docs$/);
  });

  it.each([
    ['light', 1280, 900],
    ['dark', 1280, 900],
    ['light', 360, 740],
  ] as const)(
    'is accessible in %s, %d pixels wide, and fits',
    async (colorScheme, width, height) => {
      const page = await open({}, { colorScheme, viewport: { width, height } });
      await page.getByRole('button', { name: 'Predict all rows' }).click();
      await page.locator('#table table').waitFor();
      await expectNoAxeViolations(page);
      expect(
        await page.evaluate<number>('document.documentElement.scrollWidth'),
      ).toBeLessThanOrEqual(width);
      if (process.env['SCREENSHOTS'] === 'on' && width > 500) {
        for (const value of ['2.5', '3.5', '4.5', '4.9']) {
          await page.getByLabel('petal length, slider').fill(value);
          await page.getByLabel('petal width, slider').fill(String(Number(value) / 2.9));
          await page.waitForTimeout(80);
        }
        await page.screenshot({ path: path.join(images, `playground-${colorScheme}.png`) });
      }
    },
  );
});

describe('for two versions', () => {
  const modelV2 = path.resolve(import.meta.dirname, '../../model/v2');
  const both = { VERSIONS: 'v1,v2', LOG_LEVEL: 'silent' };

  it('shows what both predict for the same inputs, and where they differ', async () => {
    const v2 = await start({ ...both, MODEL_DIR: modelV2, BASE_PATH: '/v2' });
    const v1 = await start({ ...both, BASE_PATH: '/v1', SPLIT: `v1=1,v2=1@${v2.url}/v2` });
    const url = await hostOf({ v1: v1.url, v2: v2.url });
    const page = await openUrl(url, '/', { viewport: { width: 1280, height: 900 } });
    const columns = page.locator('#answers > div');
    await expect.poll(() => columns.locator('h3').allTextContents()).toEqual(['v1', 'v2']);
    const results = () => columns.locator('.result').allTextContents();
    const note = page.locator('.note');
    await expect.poll(results).toEqual(['setosa', 'setosa']);
    expect(await note.textContent()).toBe('');

    const different = differing();
    for (const [i, value] of different.inputs.entries())
      await page.locator(`#feature-${i}`).fill(String(value));
    await expect.poll(results).toEqual(different.labels);
    await expect.poll(() => note.textContent()).toBe('differs from v1');
    await expectNoAxeViolations(page);
    if (process.env['SCREENSHOTS'] === 'on')
      await page.screenshot({ path: path.join(images, 'playground-two-versions.png') });
  });

  it('shows this one alone where the other cannot be reached', async () => {
    const page = await open({ ...both, BASE_PATH: '/v1' }, { expectedComplaints: /status of 404/ });
    expect(await result(page).textContent()).toBe('setosa');
    expect(await page.locator('#answers > div').count()).toBe(1);
    expect(await page.locator('#own').isHidden()).toBe(true);
  });

  /** A flower that the versions take for different kinds. */
  function differing() {
    const [one, two] = ['v1', 'v2'].map((version) =>
      JSON.parse(readFileSync(path.resolve(modelV2, '..', version, 'golden.json'), 'utf8')),
    );
    const row = one.labels.findIndex((label: string, i: number) => label !== two.labels[i]);
    return { inputs: one.inputs[row] as number[], labels: [one.labels[row], two.labels[row]] };
  }
});

describe('for other models', () => {
  it.each(['two-inputs', 'one-image', 'state-and-scalar'])(
    '%s: its inputs as JSON',
    async (name) => {
      const page = await open({ MODEL_DIR: testModel(name) });
      const area = page.getByLabel('inputs, as JSON');
      if ((await area.inputValue()) === '[]') {
        const inputs = {
          'two-inputs': { ids: [1, 2], mask: [1, 0] },
          'one-image': Array(3).fill([
            [1, 2],
            [3, 4],
          ]),
          'state-and-scalar': { state: [[[1, 2, 3]], [[4, 5, 6]]], rate: 2 },
        }[name];
        await area.fill(JSON.stringify(inputs));
      }
      await expect.poll(() => page.locator('#problem').isHidden()).toBe(true);
      expect(await result(page).textContent()).toMatch(/\d/);
      expect(await page.locator('#batch').isHidden()).toBe(true);
      await area.fill('[1,');
      await expect
        .poll(() => page.locator('#problem').textContent())
        .toMatch(/^The inputs are not JSON: /);
      await expectNoAxeViolations(page);
    },
  );

  it.each([
    ['file-type', undefined],
    ['text-direction', zeros([3, 48, 192])],
    ['voice-activity', { input: zeros([1, 512]), state: zeros([2, 1, 128]), sr: 16_000 }],
  ])('%s, which others trained: its inputs as JSON', async (name, inputs) => {
    const page = await open({ MODEL_DIR: fetchForeignModel(foreignModel(name)) });
    expect(await page.title()).toMatch(new RegExp(`^${name} `));
    const area = page.getByLabel('inputs, as JSON');
    if (inputs !== undefined) await area.fill(JSON.stringify(inputs));
    await expect.poll(() => page.locator('#problem').isHidden()).toBe(true);
    await expect.poll(() => result(page).textContent()).toMatch(/\S/);
    await expectNoAxeViolations(page);
  });

  it('scores: a field a feature, whatever its name', async () => {
    const page = await open({ MODEL_DIR: testModel('scores') });
    expect(await page.locator('.field').count()).toBe(3);
    expect(await result(page).textContent()).not.toBe('');
  });
});

/** A tensor of zeros as JSON. */
function zeros([size, ...inner]: readonly number[]): unknown {
  return size === undefined ? 0 : Array.from({ length: size }, () => zeros(inner));
}
