import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath =
  process.env['CHROMIUM'] || ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

/** Starts the Chromium of this machine. */
export async function launchChromium(...args: readonly string[]): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error(
      'There is no Chromium. On Debian: apt-get install chromium. Elsewhere, set CHROMIUM to its path.',
    );
  return await chromium.launch({ executablePath, args: ['--no-sandbox', ...args] }); // root has no sandbox
}
