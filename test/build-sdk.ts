// What the SDK's users get is built, for the tests that use it. Vitest calls the default export once, before the tests.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export function buildSdk(): void {
  execFileSync('npm', ['run', '--silent', 'build', '-w', 'sdk'], {
    cwd: path.resolve(import.meta.dirname, '..'),
    stdio: 'inherit',
  });
}

export default buildSdk;
