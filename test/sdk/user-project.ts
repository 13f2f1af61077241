// A project of a user: a folder with nothing but our packed packages installed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** A program of the repository's own node_modules. */
export const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);

/** A folder for a project, removed by the caller. */
export function folder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(path.join(parent, 'sdk-user-'));
}

/** Packs the SDK, which test/build-sdk.ts has built. @returns the tarball */
export function packSdk(destination: string): string {
  execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '-w', 'sdk', '--pack-destination', destination],
    {
      cwd: root,
      stdio: 'pipe',
    },
  );
  const tarball = readdirSync(destination).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack wrote no tarball');
  return path.join(destination, tarball);
}

/** Installs tarballs, and nothing else, without a network. */
export function install(project: string, ...tarballs: readonly string[]): void {
  writeFileSync(path.join(project, 'package.json'), '{"type": "module", "private": true}');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], {
    cwd: project,
    stdio: 'pipe',
  });
}

/** Compiles a file of a project as strictly as TypeScript can, libraries included. @returns the errors; '' for none */
export function compile(project: string, source: string, file = 'use.ts'): string {
  writeFileSync(path.join(project, file), source);
  const compilerOptions = {
    target: 'ES2024',
    lib: ['ES2024', 'DOM', 'DOM.Iterable'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    types: [],
    outDir: 'dist',
    rootDir: '.',
  };
  writeFileSync(
    path.join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: [file] }),
  );
  rmSync(path.join(project, 'dist'), { recursive: true, force: true });
  try {
    execFileSync(bin('tsc'), ['-p', project], { encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  }
}
