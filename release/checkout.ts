// What is released is what the tag says: the state that the checkout must be in.
import { type Section, sectionFor } from './changelog.ts';
import { attempt, run } from './command.ts';
import { ReleaseProblem } from './problem.ts';
import { root } from './repository-root.ts';
import { disagreements, VERSION, versionOf } from './version.ts';

export interface Checkout {
  readonly version: string;
  readonly commit: string;
  readonly changes: Section;
}

/** @throws ReleaseProblem with all that is in the way, a sentence a line */
export function readCheckout(): Checkout {
  const version = versionOf(root);
  if (!VERSION.test(version))
    throw new ReleaseProblem(
      `package.json has version ${JSON.stringify(version)}, which is not one of SemVer. Set one: npm run release:prepare -- VERSION`,
    );
  const changes = sectionFor(root, version);
  const problems = [
    ...uncommitted(),
    ...disagreements(root),
    ...(typeof changes === 'string' ? [changes] : []),
    ...tagProblems(`v${version}`),
  ];
  if (problems.length > 0 || typeof changes === 'string')
    throw new ReleaseProblem(problems.join('\n'));
  return { version, commit: run('git', ['rev-parse', 'HEAD']).trim(), changes };
}

function uncommitted(): string[] {
  const files = run('git', ['status', '--porcelain']).split('\n').filter(Boolean);
  if (files.length === 0) return [];
  const named = files.slice(0, 3).map((line) => line.slice(3));
  const more = files.length > 3 ? ` and ${files.length - 3} more` : '';
  return [
    `The working tree has changes that no commit holds: ${named.join(', ')}${more}. Commit or stash them: a release is what its tag names.`,
  ];
}

function tagProblems(tag: string): string[] {
  const here = run('git', ['tag', '--points-at', 'HEAD']).split('\n').filter(Boolean);
  if (here.includes(tag)) return [];
  const { status, stdout } = attempt('git', [
    'rev-parse',
    '--verify',
    '--quiet',
    '--short',
    `${tag}^{commit}`,
  ]);
  if (status === 0)
    return [
      `The tag ${tag} is at ${stdout.trim()}, not at this commit. Check it out, or prepare a higher version: npm run release:prepare -- VERSION`,
    ];
  const others = here.filter((name) => name.startsWith('v'));
  return [
    others.length > 0
      ? `The tag of this commit is ${others.join(', ')}, and package.json has version ${tag.slice(1)}. Delete the tag, run npm run release:prepare with its version, commit, and tag again.`
      : `This commit has no tag ${tag}. Once it is what is to be released: git tag ${tag}`,
  ];
}
