// How to get a package that only some commands need, a peer dependency of this one.
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What to run for packages to be found, as the end of an error: they must be beside this program, and npx brings it without any. */
export function howToInstall(...packages: string[]): string {
  const command = `npm install --save-dev ${packages.join(' ')}`;
  if (isOfProject()) return `Run: ${command}`;
  const { version } = createRequire(import.meta.url)('../../package.json');
  return `Run in your project, and then this command once more, by npx: npm install @org/ml-sdk@${version} && ${command}`;
}

/** Whether this program is the one that the project has installed. */
function isOfProject(): boolean {
  try {
    const found = createRequire(path.resolve('package.json')).resolve('@org/ml-sdk/package.json');
    return (
      realpathSync(found) ===
      realpathSync(fileURLToPath(new URL('../../package.json', import.meta.url)))
    );
  } catch {
    return false;
  }
}
