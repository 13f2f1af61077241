// How the playground looks: in both themes, on phones and wide screens, without motion, and at what size.
// SCREENSHOTS=on also renews the pictures in docs/images.
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { start, testModel } from '../../server/test/start.ts';
import {
  expectNoAxeViolations,
  expectToFit,
  launch,
  newPage,
  open,
  openUrl,
  result,
  twoVersions,
} from './browser.ts';
import { differing, flowersAsCsv, irisModel } from './iris.ts';

const images = path.resolve(import.meta.dirname, '../../docs/images');
const isRenewing = process.env['SCREENSHOTS'] === 'on';

/** Bytes that a visitor downloads for the page, without what the model itself says. */
const MOST_BYTES = 40_000;

const models = {
  iris: {},
  'a thousand classes': { MODEL_DIR: testModel('thousand-classes') },
  regression: { MODEL_DIR: testModel('line') },
  picture: { MODEL_DIR: testModel('negative') },
  'thirteen tensors': { MODEL_DIR: testModel('every-datatype') },
  'two classes of hostile names': { MODEL_DIR: testModel('hostile-names') },
};

describe.each([
  ['light', 360],
  ['dark', 360],
  ['light', 1440],
  ['dark', 1440],
] as const)('in %s, %d pixels wide', (colorScheme, width) => {
  const viewport = { width, height: 900 };

  it.each(Object.entries(models))('%s: is accessible, and fits', async (_, env) => {
    const page = await open(env, { colorScheme, viewport });
    if (await page.locator('#batch').isVisible()) {
      await page.locator('#run').click();
      await page.locator('#table table, #batch-problem:not([hidden])').first().waitFor();
    }
    await expectNoAxeViolations(page);
    await expectToFit(page);
  });

  it('two versions: is accessible, and fits', async () => {
    const url = await twoVersions(irisModel('v1'), irisModel('v2'));
    const page = await openUrl(url, { colorScheme, viewport });
    await predictDiffering(page);
    await expectNoAxeViolations(page);
    await expectToFit(page);
  });
});

describe.each(['light', 'dark'] as const)('the palette in %s', (colorScheme) => {
  /** Pairs of what is drawn and what is behind it. */
  const texts = [
    ...['ink', 'soft', 'accent', 'bad'].flatMap((one) => [`${one} on card`, `${one} on paper`]),
    ...['v0', 'v1', 'v2', 'v3'].flatMap((one) => [`${one} on card`, `${one} on paper`]),
    ...['on-accent on accent', 'agree on agree-paper', 'disagree on disagree-paper'],
    'disagree on card',
  ];
  const graphics = [
    ...['edge on card', 'edge on paper', 'rest on card', 'rest on track'],
    ...['v0', 'v1', 'v2', 'v3', 'accent'].map((one) => `${one} on track`),
  ];

  it.each([
    ...texts.map((pair) => [pair, 4.5] as const),
    ...graphics.map((pair) => [pair, 3] as const),
  ])('has %s at a contrast of at least %d', async (pair, least) => {
    const page = await paletteOf(colorScheme);
    const [one = '', other = ''] = pair.split(' on ');
    expect(contrast(page[one], page[other])).toBeGreaterThanOrEqual(least);
  });
});

const palettes = new Map<string, Promise<Record<string, string>>>();

/** The page's colours by name. */
function paletteOf(colorScheme: 'light' | 'dark'): Promise<Record<string, string>> {
  const read = async () => {
    const page = await open({}, { colorScheme });
    return page.evaluate<Record<string, string>>(`(() => {
      const [root] = [...document.styleSheets[0].cssRules].filter((rule) => rule.selectorText === ':root');
      const names = [...root.style].filter((name) => name.startsWith('--'));
      const style = getComputedStyle(document.documentElement);
      return Object.fromEntries(names.map((name) => [name.slice(2), style.getPropertyValue(name).trim()]));
    })()`);
  };
  const known = palettes.get(colorScheme) ?? read();
  palettes.set(colorScheme, known);
  return known;
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string | undefined, other: string | undefined): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour = ''): number {
  const hex = colour.length === 4 ? colour.replaceAll(/[0-9a-f]/g, '$&$&') : colour;
  const [, ...parts] = /^#(..)(..)(..)$/.exec(hex) ?? [];
  expect(parts).toHaveLength(3);
  const [red = 0, green = 0, blue = 0] = parts.map((part) => {
    const share = Number.parseInt(part, 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

it('moves its bars, but not for those who want no motion', async () => {
  const durationOf = (page: Page) =>
    page.evaluate<string>("getComputedStyle(document.querySelector('.fill')).transitionDuration");
  expect(await durationOf(await open())).toBe('0.15s');
  expect(await durationOf(await open({}, { reducedMotion: 'reduce' }))).toBe('0s');
});

it('is small: its files come compressed', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const page = await newPage({});
  onTestFinished(() => page.context().close());
  const sizes: Promise<number>[] = [];
  page.on('requestfinished', (request) => {
    if (/\/playground\/[^/]*\.(js|css)$|\/$/.test(request.url()))
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await page.goto(url);
  await result(page).waitFor();
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(sizes.length).toBeGreaterThan(10);
  expect(bytes).toBeGreaterThan(5000);
  expect(bytes).toBeLessThan(MOST_BYTES);
});

/** A flower that the versions take for different kinds, and all flowers as a batch. */
async function predictDiffering(page: Page): Promise<void> {
  const { inputs, labels } = differing();
  for (const [i, value] of inputs.entries())
    await page.locator(`#feature-${i}`).fill(String(value));
  await expect.poll(() => result(page).allTextContents()).toEqual(labels);
  await page.locator('#rows').fill(flowersAsCsv());
  await page.locator('#run').click();
  await page.getByLabel('Only rows that versions disagree on').check();
}

describe.runIf(isRenewing)('the pictures', () => {
  /** The page at the address that the documentation names, whatever port it is served at. */
  async function openAsDocumented(url: string, colorScheme: 'light' | 'dark'): Promise<Page> {
    const browser = await launch(`MAP localhost ${new URL(url).host}`);
    onTestFinished(() => browser.close());
    const viewport = { width: 1280, height: 900 };
    return openUrl(
      'http://localhost:5000',
      { colorScheme, viewport, deviceScaleFactor: 1 },
      browser,
    );
  }
  const save = (page: Page, name: string) =>
    page.screenshot({ path: path.join(images, `playground-${name}.png`), fullPage: true });

  it.each(['light', 'dark'] as const)('in %s', async (colorScheme) => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const page = await openAsDocumented(url, colorScheme);
    for (const value of ['2.5', '3.5', '4.5', '4.9']) {
      await page.getByLabel('petal length, slider').fill(value);
      await page.getByLabel('petal width, slider').fill(String(Number(value) / 2.9));
      await page.waitForTimeout(80);
    }
    await page.locator('#rows').fill(flowersAsCsv(6));
    await page.locator('#run').click();
    await page.locator('#table table').waitFor();
    await page.locator('#run').blur();
    await page.waitForTimeout(300);
    await save(page, colorScheme);
  });

  it('of two versions', async () => {
    const page = await openAsDocumented(
      await twoVersions(irisModel('v1'), irisModel('v2')),
      'light',
    );
    await predictDiffering(page);
    await page.waitForTimeout(300);
    await save(page, 'two-versions');
  });
});
