// Chromium for the tests of the pages, and the playground of a predictor in it.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { start } from '../../server/test/start.ts';
import { launchChromium } from './chromium.ts';

/** A name of this machine whose pages are no secure context, as those of a server on plain HTTP. */
export const PLAIN_HTTP_HOST = 'playground.test';

/** Browsers trust localhost like HTTPS; the name above they do not. */
export const launch = (rules = `MAP ${PLAIN_HTTP_HOST} 127.0.0.1`) =>
  launchChromium(`--host-resolver-rules=${rules}`);

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

export type OpenOptions = BrowserContextOptions & {
  readonly at?: string;
  /** What the page may say to its console: the browser's own notes of responses that the page shows as problems. */
  readonly expectedComplaints?: RegExp;
};

/** The playground of a predictor. The test fails where the page asks another host, or says something to its console. */
export async function open(
  env: Readonly<Record<string, string>> = {},
  options: OpenOptions = {},
): Promise<Page> {
  const { url } = await start({ LOG_LEVEL: 'silent', ...env });
  return openUrl(url, options);
}

/** A page that shows nothing, in a context of its own. */
export async function newPage(options: BrowserContextOptions, inBrowser = browser): Promise<Page> {
  if (inBrowser === undefined) throw new Error('the browser has not started');
  const context = await inBrowser.newContext(options);
  return context.newPage();
}

export async function openUrl(
  url: string,
  { at = '/', expectedComplaints = /status of 422/, ...options }: OpenOptions = {},
  inBrowser = browser,
): Promise<Page> {
  const page = await newPage(options, inBrowser);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (!expectedComplaints.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:'))
      complaints.push(`asked ${request.url()}`);
  });
  onTestFinished(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url + at);
  await page.locator('#tiles:not(:empty), .problem:not([hidden])').first().waitFor();
  return page;
}

/** One host for several predictors, as an Ingress makes one: by the head of the path, the first for all others. */
export async function hostOf(servers: Readonly<Record<string, string>>): Promise<string> {
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

/** Two versions behind one host. @returns its address */
export async function twoVersions(v1Model: string, v2Model: string): Promise<string> {
  const both = { VERSIONS: 'v1,v2', LOG_LEVEL: 'silent' };
  const v2 = await start({ ...both, MODEL_DIR: v2Model, BASE_PATH: '/v2' });
  const v1 = await start({
    ...both,
    MODEL_DIR: v1Model,
    BASE_PATH: '/v1',
    SPLIT: `v1=1,v2=1@${v2.url}/v2`,
  });
  return hostOf({ v1: v1.url, v2: v2.url });
}

export const result = (page: Page) => page.locator('#tiles .result');

export async function expectNoAxeViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

export async function expectToFit(page: Page): Promise<void> {
  const width = page.viewportSize()?.width ?? 0;
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
    width,
  );
}
