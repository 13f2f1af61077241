// examples/web-app in a real Chromium: while it is developed, and as it is built.
import { spawn } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../server/test/free-port.ts';
import { collect } from '../../server/test/program.ts';
import { keysFile, start } from '../../server/test/start.ts';
import { buildSdk } from '../build-sdk.ts';
import { example, npmRun } from '../examples/example.ts';
import { launchChromium } from './chromium.ts';

const app = example('web-app');
let browser: Browser;
beforeAll(async () => {
  buildSdk();
  browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Runs one of the app's scripts, which serves the page. @returns the page's URL */
async function serve(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const port = await freePort();
  const args = ['--host', '127.0.0.1', '--port', String(port), '--strictPort'];
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    cwd: app,
    env: { ...process.env, ...env, NO_COLOR: '1' },
    detached: true, // a group of its own: npm has Vite as a child
  });
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  await expect.poll(() => out.text + err.text).toContain(`http://127.0.0.1:${port}/`);
  return `http://127.0.0.1:${port}`;
}

/** The page, which must say nothing to its console but what is expected, and ask no other origin. */
async function open(url: string, expectedComplaints: RegExp | undefined = undefined) {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !expectedComplaints?.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      complaints.push(`asked ${request.url()}`);
  });
  onTestFinished(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url);
  return page;
}

it('shows the species while it is developed, with a model server of its own', async () => {
  const page = await open(await serve('dev'));
  const species = page.getByRole('status');
  await expect.poll(() => species.textContent()).toBe('setosa, 100 %');
  await page.getByLabel('Petal length').fill('5.8');
  await page.getByLabel('Petal width').fill('2.2');
  await expect.poll(() => species.textContent()).toMatch(/^virginica, \d+ %$/);
});

it('shows the species when it is built, and its proxy has the API key that the page has not', async () => {
  expect(await npmRun('web-app', 'build')).toMatchObject({ code: 0 });
  const { url } = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
  const page = await open(await serve('preview', { ML_API_URL: url, ML_API_KEY: 'first-key' }));
  await expect.poll(() => page.getByRole('status').textContent()).toBe('setosa, 100 %');
});

it('says why there is no species', async () => {
  const { url } = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
  const page = await open(await serve('dev', { ML_API_URL: url }), /status of 401/);
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/^401 /);
});
