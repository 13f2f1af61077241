// The npm packages: the SDK, then the server, which needs it.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { attempt, bin, run } from './command.ts';
import { ReleaseProblem } from './problem.ts';
import { out, root } from './repository-root.ts';

/** A tarball of npm's. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  /** SHA-512, as lock files have it. */
  readonly integrity: string;
}

const folder = path.join(out, 'packages');
const NAMES = ['@org/ml-sdk', '@org/ml-api'];

export function makePackages(): readonly Package[] {
  mkdirSync(folder, { recursive: true });
  const server = path.join(folder, 'ml-api');
  const { status, stderr } = attempt(process.execPath, [
    path.join(root, 'server/package.ts'),
    server,
  ]);
  // The bundler only warns of what a package does not export.
  if (status !== 0 || stderr !== '')
    throw new ReleaseProblem(`server/package.ts could not bundle the server as it is:\n${stderr}`);
  return [pack(['--workspace', 'sdk']), pack([server])];
}

function pack(what: readonly string[]): Package {
  const printed = run('npm', ['pack', '--json', '--pack-destination', folder, ...what]);
  const [{ name, version, filename, integrity }] = JSON.parse(printed);
  return { name, version, integrity, file: path.join(folder, filename) };
}

/** Looks at the tarballs as those who install them do: what they export, and whether its types are found. */
export function checkPackages(packages: readonly Package[]): void {
  for (const { name, file } of packages) {
    run(bin('publint'), ['--strict', file]);
    // The server is a program: it exports nothing.
    if (name !== '@org/ml-api')
      run(bin('attw'), ['--profile', 'esm-only', '--format', 'ascii', file]);
  }
}

const from = (registry: URL | undefined): string[] =>
  registry === undefined ? [] : ['--registry', registry.href];

/** @throws ReleaseProblem where a version is there already, or nobody can tell */
export function expectUnpublished(version: string, registry: URL | undefined): void {
  for (const name of NAMES) {
    const args = ['view', '--json', ...from(registry), `${name}@${version}`, 'version'];
    const { status, stdout, stderr } = attempt('npm', args);
    if (status === 0 && stdout.trim() !== '')
      throw new ReleaseProblem(
        `${name}@${version} is already published. npm takes no version twice: prepare a higher one with npm run release:prepare -- VERSION`,
      );
    if (status !== 0 && !/E404/.test(stdout + stderr))
      throw new ReleaseProblem(
        `npm cannot tell whether ${name}@${version} is published: ${lastLine(stderr)}`,
      );
  }
}

/** @throws ReleaseProblem where npm has no login: better before a build than after it */
export function expectLogin(registry: URL | undefined): void {
  if (attempt('npm', ['whoami', ...from(registry)]).status !== 0)
    throw new ReleaseProblem(
      `npm has no login${registry === undefined ? '' : ` for ${registry.href}`}. Run npm login${from(
        registry,
      )
        .map((one) => ` ${one}`)
        .join('')}, or set NODE_AUTH_TOKEN to a token that your .npmrc names.`,
    );
}

/** @param provenance whether npm states which workflow has built it: https://docs.npmjs.com/generating-provenance-statements */
export function publishPackage(
  { file, version }: Package,
  registry: URL | undefined,
  provenance: boolean,
): void {
  run('npm', [
    ...['publish', file, '--access', 'public', '--tag', version.includes('-') ? 'next' : 'latest'],
    ...(provenance ? ['--provenance'] : []),
    ...from(registry),
  ]);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
