// A checkout of what is here, the uncommitted included, as a repository of its own, with what is installed and built here.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

export interface Checkout {
  readonly folder: string;
  git(...args: readonly string[]): string;
  remove(): void;
}

export function makeCheckout(): Checkout {
  // In the same file system, as packages are linked.
  const folder = path.join(root, '.cache/rehearsal');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  remove();
  const files = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const there = files.split('\0').filter((file) => file && existsSync(path.join(root, file)));
  for (const file of there) cpSync(path.join(root, file), path.join(folder, file));
  for (const packages of ['node_modules', 'server/node_modules', 'sdk/node_modules'])
    if (existsSync(path.join(root, packages)))
      execFileSync('cp', ['-al', path.join(root, packages), path.join(folder, packages)]);
  mkdirSync(path.join(folder, '.cache'));
  mkdirSync(path.join(root, '.cache/tools'), { recursive: true });
  symlinkSync(path.join(root, '.cache/tools'), path.join(folder, '.cache/tools'));
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  git('init', '--quiet');
  git('config', 'user.name', 'Rehearsal');
  git('config', 'user.email', 'rehearsal@ml-api.test');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'What is here');
  return { folder, git, remove };
}
