// The site that `npm run docs:site` builds: every link, anchor and image leads somewhere, and it needs no other host.
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import express from 'express';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { launchChromium } from '../browser/chromium.ts';
import { runBash } from '../run-program.ts';

const site = path.resolve(import.meta.dirname, '../../.cache/site');
let pages: ReadonlyMap<string, string>;

beforeAll(async () => {
  const { code, stderr } = await runBash('npm run --silent docs:site');
  expect(code, stderr).toBe(0); // a link to a page that is not there fails the build
  pages = new Map(
    globSync('**/*.html', { cwd: site }).map((file) => [
      file,
      readFileSync(path.join(site, file), 'utf8'),
    ]),
  );
});

const attributes = (html: string, name: string) =>
  Array.from(html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g')), ([, value = '']) => value);

const isElsewhere = (address: string) => /^([a-z]+:|\/\/)/i.test(address);

/** What is wrong with an address in a page, or nothing. */
function whyBroken(page: string, address: string): string | undefined {
  const [, link = '', anchor = ''] = /^([^#?]*)(?:#(.*))?$/.exec(address) ?? [];
  const file = link === '' ? page : path.join(path.dirname(page), decodeURI(link));
  const target = /(^\.?|\/)$/.test(file) ? path.join(file, 'index.html') : file;
  if (!existsSync(path.join(site, target))) return `${page}: ${address} leads to no file`;
  const html = pages.get(target);
  if (anchor === '' || html === undefined) return undefined;
  const ids = attributes(html, 'id');
  return ids.includes(decodeURIComponent(anchor))
    ? undefined
    : `${page}: ${address} has no heading`;
}

it('has a page for every entry of the sidebar', () => {
  expect(pages.size).toBeGreaterThan(30);
  for (const page of ['index.html', 'api.html', 'chart.html', 'configuration.html'])
    expect(pages.has(page), page).toBe(true);
});

it('has no link to a page, heading or image that is not there', () => {
  const broken = Array.from(pages, ([page, html]) =>
    [...attributes(html, 'href'), ...attributes(html, 'src'), ...attributes(html, 'srcset')]
      .filter((address) => !isElsewhere(address))
      .flatMap((address) => whyBroken(page, address) ?? []),
  ).flat();
  expect(broken).toEqual([]);
});

it('loads nothing from another host', () => {
  const loaded = Array.from(pages.values(), (html) =>
    [...attributes(html, 'src'), ...attributes(html, 'srcset')].filter(isElsewhere),
  ).flat();
  const styles = globSync('assets/**/*.css', { cwd: site }).map((file) =>
    readFileSync(path.join(site, file), 'utf8'),
  );
  expect(loaded).toEqual([]);
  expect(styles.length).toBeGreaterThan(0);
  expect(styles.join('')).not.toMatch(/(?:url\(|@import)\s*["']?(?:https?:)?\/\//);
});

it('is what the workflow publishes, after this test', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const { jobs } = parse(readFileSync(path.join(root, '.github/workflows/docs.yml'), 'utf8'));
  const steps: { uses?: string; run?: string; with?: { path?: string } }[] = jobs.build.steps;
  const tested = steps.findIndex(({ run }) => run === 'npm run test:site');
  const uploaded = steps.findIndex(({ uses }) =>
    uses?.startsWith('actions/upload-pages-artifact@'),
  );
  expect(uploaded).toBeGreaterThan(tested);
  expect(tested).toBeGreaterThan(0);
  expect(path.resolve(root, steps[uploaded]?.with?.path ?? '')).toBe(site);
  expect(jobs.deploy.needs).toBe('build');
});

it('finds a heading that is not there', () => {
  expect(whyBroken('index.html', 'model-stores.html#amazon-s3')).toBeUndefined();
  expect(whyBroken('index.html', 'model-stores.html#amazon-s4')).toContain('no heading');
  expect(whyBroken('index.html', 'model-shops.html')).toContain('no file');
});

it('draws every diagram', () => {
  const drawn = [...pages.values()].join('').match(/<div class="diagram">/g) ?? [];
  const written = globSync(['README.md', 'docs/*.md'], { cwd: path.resolve(site, '../..') })
    .map((file) => readFileSync(path.resolve(site, '../..', file), 'utf8'))
    .join('')
    .match(/^```mermaid$/gm);
  expect(drawn).toHaveLength(written?.length ?? 0);
  expect([...pages.values()].filter((html) => html.includes('language-mermaid'))).toEqual([]);
});

describe('in a browser that reaches this machine alone', () => {
  it('finds a setting by its name, and shows diagrams and pictures', async () => {
    const server = express().use('/below', express.static(site)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const browser = await launchChromium();
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const failed: string[] = [];
    page.on('pageerror', (error) => failed.push(String(error)));
    page.on('response', (response) => {
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
    });
    await page.route('**', (route) => {
      const here = new URL(route.request().url()).host === `127.0.0.1:${port}`;
      if (!here) failed.push(`asks ${route.request().url()}`);
      return here ? route.continue() : route.abort();
    });

    await page.goto(`http://127.0.0.1:${port}/below/`);
    await page.getByRole('button', { name: 'Search' }).first().click();
    await page.getByRole('searchbox').fill('QUEUE_MAX_BYTES');
    await page
      .getByRole('option', { name: /Server settings/ })
      .first()
      .click();
    await page.waitForURL(/configuration\.html/);
    await page.getByRole('cell', { name: 'QUEUE_MAX_BYTES' }).waitFor();

    await page.goto(`http://127.0.0.1:${port}/below/versions.html`);
    await page.locator('.diagram svg').first().waitFor();
    const widths = await page
      .locator('main img')
      .evaluateAll((images) =>
        images.map((image) => 'naturalWidth' in image && image.naturalWidth),
      );
    expect(widths.length).toBeGreaterThan(0);
    expect(widths).not.toContain(0);
    expect(failed).toEqual([]);
  });
});
