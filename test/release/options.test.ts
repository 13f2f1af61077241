// What the command line of a release says of what it cannot do.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dated, sectionsOf } from '../../release/changelog.ts';
import { makeChart, readmeElsewhere } from '../../release/chart.ts';
import { tagsOf } from '../../release/image.ts';
import { readOptions, usage } from '../../release/options.ts';
import { root } from '../../release/repository-root.ts';
import { compareVersions } from '../../release/version.ts';
import { runTool } from '../tools/tool.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'release-options-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(path.join(folder, 'a.key'), '');

const registry = ['--registry', 'ghcr.io/org'];
const refusal = (args: readonly string[], env = {}) => {
  try {
    readOptions(args, env, folder);
    return 'taken';
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

describe('options', () => {
  it.each([
    [[], '--registry is missing: name where the image and the chart go, such as ghcr.io/org.'],
    [
      ['--registry', ''],
      '--registry: expected REGISTRY/OWNER in lower case, such as ghcr.io/org; got "".',
    ],
    [
      ['--registry', 'ghcr.io/Org'],
      '--registry: expected REGISTRY/OWNER in lower case, such as ghcr.io/org; got "ghcr.io/Org".',
    ],
    [
      ['--registry', 'https://ghcr.io/org'],
      '--registry: expected REGISTRY/OWNER in lower case, such as ghcr.io/org; got "https://ghcr.io/org".',
    ],
    [
      [...registry, '--npm-registry', 'npm'],
      '--npm-registry: expected an http or https address; got "npm".',
    ],
    [
      [...registry, '--npm-registry', 'file:///npm'],
      '--npm-registry: expected an http or https address; got "file:///npm".',
    ],
    [
      [...registry, '--npm-registry', 'https://me:hunter2@npm.test'],
      '--npm-registry: must hold no user name and no password: npm takes a token from its .npmrc.',
    ],
    [
      [...registry, '--key', 'none.key'],
      '--key: there is no file "none.key". Make one with: node test/tools/tool.ts cosign generate-key-pair',
    ],
    [
      [...registry, '--key', 'a.key'],
      '--key: COSIGN_PASSWORD is not set. Set it to the password of the key; to nothing where it has none.',
    ],
  ])('%j', (args, sentence) => {
    expect(refusal(args)).toBe(`UsageProblem: ${sentence}`);
  });

  it.each([[['--dry']], [['now']], [['--registry']], [['--dry-run=no']]])(
    '%j are none of it',
    (args) => {
      expect(refusal([...registry, ...args])).toMatch(/^UsageProblem: /);
    },
  );

  it('are what was asked for', () => {
    const args = [
      ...registry,
      '--key',
      'a.key',
      '--npm-registry',
      'http://127.0.0.1:4873',
      '--dry-run',
    ];
    expect(readOptions(args, { COSIGN_PASSWORD: '' }, folder)).toEqual({
      image: { host: 'ghcr.io', name: 'ghcr.io/org/ml-api', isLocal: false },
      chart: { host: 'ghcr.io', name: 'ghcr.io/org/charts/ml-api', isLocal: false },
      npmRegistry: new URL('http://127.0.0.1:4873/'),
      key: path.join(folder, 'a.key'),
      standIns: false,
      withCuda: true,
      dryRun: true,
    });
    expect(readOptions(['--help'], {}, folder)).toBeUndefined();
    for (const option of [
      'registry',
      'npm-registry',
      'key',
      'stand-ins',
      'without-cuda',
      'dry-run',
    ])
      expect(usage).toContain(`--${option}`);
  });
});

describe('the variants of the image', () => {
  const cpu = `sha256:${'1'.repeat(64)}`;
  const cuda = `sha256:${'2'.repeat(64)}`;
  const repository = { host: 'ghcr.io', name: 'ghcr.io/acme/ml-api', isLocal: false };
  const chart = { ...repository, name: 'ghcr.io/acme/charts/ml-api' };
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const predictor = (file: string, ...settings: string[]) => {
    const shown = ['--show-only', 'templates/deployment.yaml'];
    return runTool('helm', ['template', 'ml-api', file, ...shown, ...settings]).stdout;
  };

  it('have tags of their own', () => {
    expect(tagsOf('1.2.3', 'cpu')).toEqual(['1.2.3', 'latest']);
    expect(tagsOf('1.2.3', 'cuda')).toEqual(['1.2.3-cuda', 'latest-cuda']);
    expect(tagsOf('1.2.3-rc.1', 'cuda')).toEqual(['1.2.3-rc.1-cuda']);
  });

  it('are in the packaged chart by their digests', () => {
    const { file } = makeChart({ repository, version, digests: { cpu, cuda } }, chart, 'https://x');
    expect(predictor(file)).toContain(`image: "${repository.name}@${cpu}"`);
    const gpu = ['--set', 'versions.v1.gpu.count=1,versions.v1.autoscaling.type=none'];
    expect(predictor(file, ...gpu)).toContain(`image: "${repository.name}@${cuda}"`);
    // Of another suffix, nothing was released.
    const other = ['--set', 'versions.v1.gpu.imageTagSuffix=-rocm'];
    expect(predictor(file, ...gpu, ...other)).toContain(
      `image: "${repository.name}:${version}-rocm"`,
    );
    const { annotations } = parse(runTool('helm', ['show', 'chart', file]).stdout);
    expect(parse(annotations['artifacthub.io/images'])).toEqual([
      {
        name: 'ml-api',
        image: `${repository.name}:${version}@${cpu}`,
        platforms: ['linux/amd64', 'linux/arm64'],
      },
      {
        name: 'ml-api-cuda',
        image: `${repository.name}:${version}-cuda@${cuda}`,
        platforms: ['linux/amd64'],
      },
    ]);
  });

  it('are by their tags where they are not released', () => {
    const { file } = makeChart({ repository, version, digests: { cpu } }, chart, 'https://x');
    expect(predictor(file)).toContain(`image: "${repository.name}@${cpu}"`);
    expect(
      predictor(file, '--set', 'versions.v1.gpu.count=1,versions.v1.autoscaling.type=none'),
    ).toContain(`image: "${repository.name}:${version}-cuda"`);
  });
});

describe('the changelog', () => {
  const changelog =
    '# Changelog\n\n## 0.2.0 (unreleased)\n\n- More. $& `$1`\n\n## 0.1.0\n\n- All.\n';

  it('has sections, the newest first', () => {
    expect(sectionsOf(changelog)).toEqual([
      { version: '0.2.0', date: 'unreleased', text: '- More. $& `$1`' },
      { version: '0.1.0', date: '', text: '- All.' },
    ]);
    expect(sectionsOf('')).toEqual([]);
  });

  it('gets the date of a release, under the version that it is released as', () => {
    expect(dated(changelog, '0.3.0', '2026-11-29')).toBe(
      changelog.replace('0.2.0 (unreleased)', '0.3.0 (2026-11-29)'),
    );
    expect(
      dated('# Changelog\n\n## 0.2.0 (unreleased)\n\n## 0.1.0\n', '0.3.0', '2026-11-29'),
    ).toBeUndefined();
    expect(dated('# Changelog\n', '0.3.0', '2026-11-29')).toBeUndefined();
  });
});

it('a README elsewhere leads to the repository, and takes the chart from the registry', () => {
  expect(
    readmeElsewhere(
      '[a](ci/a.yaml) [b](../../docs/b.md#c) [c](#d) [e](https://e.test/f)\nhelm upgrade --install ml-api charts/ml-api --wait\n',
      {
        at: 'https://x.test/r/blob/v1/charts/ml-api/README.md',
        chart: 'oci://y.test/z --version 1',
      },
    ),
  ).toBe(
    '[a](https://x.test/r/blob/v1/charts/ml-api/ci/a.yaml) [b](https://x.test/r/blob/v1/docs/b.md#c) [c](#d) [e](https://e.test/f)\nhelm upgrade --install ml-api oci://y.test/z --version 1 --wait\n',
  );
});

it.each([
  ['0.1.0', '0.2.0'],
  ['0.9.0', '0.10.0'],
  ['1.0.0-rc.2', '1.0.0-rc.10'],
  ['1.0.0-rc.1', '1.0.0'],
  ['0.2.9', '1.0.0-alpha'],
])('knows that %s is lower than %s, which no release goes back to', (lower, higher) => {
  expect(compareVersions(lower, higher)).toBeLessThan(0);
  expect(compareVersions(higher, lower)).toBeGreaterThan(0);
  expect(compareVersions(lower, lower)).toBe(0);
});
