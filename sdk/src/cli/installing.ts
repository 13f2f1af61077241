// How to get a package that only some commands need, a peer dependency of this one.
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * The command that puts packages where this program finds them: beside itself. What npx has brought is beside nothing, so that the
 * project needs the SDK, too, which npx and `ml-api` prefer to their own.
 */
export function installing(...packages: string[]): string {
  const development = `npm install --save-dev ${packages.join(' ')}`;
  return isInProject() ? development : `npm install @org/ml-sdk && ${development}`;
}

function isInProject(): boolean {
  try {
    createRequire(path.resolve('package.json')).resolve('@org/ml-sdk/package.json');
    return true;
  } catch {
    return false;
  }
}
