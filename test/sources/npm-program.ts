// Programs from npm that are too large for everybody who installs this project: they are installed where they are first used.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param overrides versions of what it depends on, in place of those that it asks for
 * @returns the folder of the package
 */
export function npmProgram(
  name: string,
  version: string,
  overrides: Readonly<Record<string, string>> = {},
): string {
  const folder = path.resolve(import.meta.dirname, `../../.cache/${name}-${version}`);
  const installed = path.join(folder, 'node_modules', name);
  if (existsSync(installed)) return installed;
  process.stderr.write(`Installing ${name} ${version} …\n`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, overrides }));
  const flags = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts'];
  const args = ['install', ...flags, '--prefix', folder, `${name}@${version}`];
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${name} could not be installed: npm ended with ${status}`);
  return installed;
}
