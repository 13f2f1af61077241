// Before the tests: what the SDK's users get is built, once, for the tests that use it.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export default function buildSdk(): void {
  execFileSync('npm', ['run', '--silent', 'build', '-w', 'sdk'], {
    cwd: path.resolve(import.meta.dirname, '..'),
    stdio: 'inherit',
  });
}
