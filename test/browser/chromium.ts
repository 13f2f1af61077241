// The Chromium of this machine.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath =
  process.env['CHROMIUM'] || ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

export function launchChromium(...args: readonly string[]): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error(
      'There is no Chromium. On Debian: apt-get install chromium. Elsewhere, set CHROMIUM to its path.',
    );
  // Root has no sandbox.
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...args] });
}
