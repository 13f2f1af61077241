// Sets a version everywhere and dates its section of the changelog: what is committed and tagged for a release.
//
//   npm run release:prepare -- VERSION
import { readFileSync, writeFileSync } from 'node:fs';
import { changelogOf, dated } from './changelog.ts';
import { run } from './command.ts';
import { ReleaseProblem } from './problem.ts';
import { root } from './repository-root.ts';
import { compareVersions, setVersion, VERSION, versionOf } from './version.ts';

function prepare(args: readonly string[]): void {
  const [version = '', ...more] = args;
  if (more.length > 0 || !VERSION.test(version))
    throw new ReleaseProblem(
      `Expected one version as of SemVer, such as npm run release:prepare -- 0.3.0; got ${JSON.stringify(args.join(' '))}.`,
    );
  if (run('git', ['tag', '--list', `v${version}`]) !== '')
    throw new ReleaseProblem(
      `There is a tag v${version} already: ${version} has been released. Choose a higher version.`,
    );
  const before = versionOf(root);
  if (compareVersions(version, before) < 0)
    throw new ReleaseProblem(
      `${version} is lower than package.json's ${before}. Choose that, or a higher version.`,
    );
  const changelog = dated(readFileSync(changelogOf(root), 'utf8'), version, today());
  if (changelog === undefined)
    throw new ReleaseProblem(
      `CHANGELOG.md does not begin with a section that is unreleased and says something. Write what users will notice, below the heading "## ${version} (unreleased)".`,
    );
  writeFileSync(changelogOf(root), changelog);
  setVersion(root, version);
  // The chart's README shows its version.
  run('npm', ['run', '--silent', 'chart:docs']);
  process.stdout.write(`${before} is now ${version}. Look at it with \`git diff\`, then:

  git commit --all --message "Release ${version}"
  git tag v${version}
  git push --atomic origin HEAD v${version}   # the workflow releases it
`);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

try {
  prepare(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ReleaseProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
