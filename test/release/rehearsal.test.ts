// A release as its workflow makes it, from a checkout of what is here, to registries on this machine; then what it has published, as
// strangers use it.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkPlatforms, imagesOf, type PlatformImage } from '../../release/platforms/check.ts';
import { blockOf } from '../docs/blocks.ts';
import { registriesAnswer } from '../image/registries.ts';
import { runBash, runProgram } from '../run-program.ts';
import { npmProgram } from '../sources/npm-program.ts';
import { PASSWORD, startRegistry, USER } from '../sources/oci-registry.ts';
import type { ServerProcess } from '../sources/server-process.ts';
import { runTool, toolPath } from '../tools/tool.ts';
import { addLayer } from './added-layer.ts';
import { attachments, type Statement, statementOf } from './attestations.ts';
import { type Checkout, makeCheckout } from './checkout.ts';
import { canHaveCluster, type RehearsalCluster, startCluster } from './cluster.ts';
import { emulate, emulatesArm64 } from './emulated.ts';
import { type NpmRegistry, startNpmRegistry } from './npm-registry.ts';
import { serveAndPredict } from './served.ts';

/** Higher than any that is released from here. */
const VERSION = '99.1.0';
const OWNER = 'rehearsal';

const folder = mkdtempSync(path.join(tmpdir(), 'rehearsal-'));
const logins = path.join(folder, 'logins/config.json');
let oci: ServerProcess;
let npm: NpmRegistry;
let checkout: Checkout;
/** REGISTRY/OWNER. */
let registry: string;
/** For the image, where the registries of its base images cannot be reached. */
let standIns: readonly string[];
/** The CUDA variant takes 12 GB of disk, and many minutes of two cores: CUDA=1 npm run test:release */
const withCuda = process.env['CUDA'] === '1';
const VARIANTS = withCuda ? ['', '-cuda'] : [''];
/** Where a login is looked for, and what is signed with. */
let env: Record<string, string>;

beforeAll(async () => {
  for (const name of ['oci', 'keys', 'logins', 'nobody']) mkdirSync(path.join(folder, name));
  oci = await startRegistry(path.join(folder, 'oci'));
  npm = await startNpmRegistry(path.join(folder, 'npm'));
  checkout = makeCheckout();
  standIns = (await registriesAnswer()) ? [] : ['--stand-ins'];
  const host = `127.0.0.1:${oci.port}`;
  registry = `${host}/${OWNER}`;
  const login = [
    'login',
    '--plain-http',
    '--registry-config',
    logins,
    '--username',
    USER,
    '--password-stdin',
    host,
  ];
  expect(runTool('oras', login, { input: PASSWORD })).toMatchObject({ status: 0 });
  toolPath('syft'); // a cold build takes longer than a test may
  for (const name of ['ours', 'another']) makeKey(name);
  makeKey('locked', 'hunter2');
  env = {
    COSIGN_PASSWORD: '',
    DOCKER_CONFIG: path.dirname(logins),
    NPM_CONFIG_USERCONFIG: npm.login,
    NPM_CONFIG_CACHE: path.join(folder, 'npm-cache'),
    INIT_CWD: folder,
  };
});
afterAll(async () => {
  await oci?.stop();
  await npm?.stop();
  checkout?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function makeKey(name: string, password = ''): void {
  const args = ['generate-key-pair', '--output-key-prefix', path.join(folder, 'keys', name)];
  execFileSync(toolPath('cosign'), args, {
    env: { ...process.env, COSIGN_PASSWORD: password },
    stdio: 'pipe',
  });
}

const release = (args: readonly string[] = [], own: Readonly<Record<string, string>> = {}) =>
  runProgram(
    process.execPath,
    [
      'release/release.ts',
      ...['--registry', registry, '--npm-registry', npm.url, '--key', 'keys/ours.key'],
      ...standIns,
      ...(withCuda ? [] : ['--without-cuda']),
      ...args,
    ],
    { cwd: checkout.folder, env: { ...env, ...own } },
  );
const prepare = (version: string) =>
  runProgram(process.execPath, ['release/prepare.ts', version], { cwd: checkout.folder });
const file = (name: string) => path.join(checkout.folder, name);
const made = (name: string) => readFileSync(file(`.cache/release/${name}`), 'utf8');
const at = (repository: string) => `127.0.0.1:${oci.port}/${OWNER}/${repository}`;
const withLogin = ['--plain-http', '--registry-config', logins];

/** Of the image and of the packages; helm puts the time into a chart. */
const DIGEST = /(?:(?<=, )sha256:[0-9a-f]{64}|sha512-\S+)$/gm;
/** Those of the dry run. */
let tried: readonly string[] = [];

/** What the registry has by a name. */
function digestOf(reference: string): string | undefined {
  const { status, stdout } = runTool('oras', ['resolve', ...withLogin, reference]);
  return status === 0 ? stdout.trim() : undefined;
}

const versionsOnNpm = async (name: string): Promise<string[]> => {
  const { versions = {} } = JSON.parse(await (await fetch(`${npm.url}/${name}`)).text());
  return Object.keys(versions);
};

/**
 * @param how arguments in place of those with our key
 * @param what command of cosign's
 */
function verify(
  reference: string,
  how = ['--key', path.join(folder, 'keys/ours.pub')],
  what = ['verify'],
) {
  const flags = ['--insecure-ignore-tlog=true', '--allow-http-registry'];
  const args = [...what, ...how, ...flags, reference];
  return runProgram(toolPath('cosign'), args, { env: { DOCKER_CONFIG: path.dirname(logins) } });
}

const verifyProvenance = (reference: string, how?: string[]) =>
  verify(reference, how, ['verify-attestation', '--type', 'slsaprovenance1']);

describe('what a checkout must be like', () => {
  const sentence = async () => (await release(['--dry-run'])).stderr.trimEnd();

  it('is told, one sentence for each thing that is in the way', async () => {
    const told = await sentence();
    expect(told.split('\n')).toEqual([
      expect.stringMatching(
        /^CHANGELOG\.md has \S+ as unreleased\. Give it its date: npm run release:prepare -- /,
      ),
      expect.stringMatching(
        /^This commit has no tag v\S+\. Once it is what is to be released: git tag v/,
      ),
    ]);
  });

  it('has no changes that no commit holds', async () => {
    appendFileSync(file('README.md'), 'More.\n');
    expect(await sentence()).toMatch(
      /^The working tree has changes that no commit holds: README\.md\. Commit or stash them/,
    );
    checkout.git('checkout', '--quiet', 'README.md');
  });

  it('has one version everywhere', async () => {
    const manifest = readFileSync(file('sdk/package.json'), 'utf8');
    writeFileSync(
      file('sdk/package.json'),
      manifest.replace(/"version": "[^"]+"/, '"version": "0.0.1"'),
    );
    expect(await sentence()).toMatch(
      /^sdk\/package\.json has version 0\.0\.1, and package\.json has \S+\. Set one version everywhere: npm run release:prepare -- VERSION$/m,
    );
    checkout.git('checkout', '--quiet', 'sdk/package.json');
  });

  it('says in its changelog what the version brings', async () => {
    const changelog = readFileSync(file('CHANGELOG.md'), 'utf8');
    writeFileSync(
      file('CHANGELOG.md'),
      changelog.replace(/^## \S+ \(unreleased\)/m, '## 98.0.0 (unreleased)'),
    );
    expect(await sentence()).toMatch(
      /^CHANGELOG\.md has no section "## \S+"\. Write what users will notice/m,
    );
    checkout.git('checkout', '--quiet', 'CHANGELOG.md');
  });

  it.each([
    ['', '""'],
    ['1.2', '"1.2"'],
    ['v1.2.3', '"v1.2.3"'],
    ['1.2.3+build', '"1.2.3+build"'],
    ['01.2.3', '"01.2.3"'],
  ])('is not prepared for the version %j', async (version, shown) => {
    const { code, stderr } = await prepare(version);
    expect(stderr).toBe(
      `Expected one version as of SemVer, such as npm run release:prepare -- 0.3.0; got ${shown}.\n`,
    );
    expect([code, checkout.git('status', '--porcelain')]).toEqual([1, '']);
  });

  it('is prepared as docs/releasing.md says, once', async () => {
    const commands = blockOf('docs/releasing.md', 'sh', { section: 'Make a release' }).replaceAll(
      '0.3.0',
      VERSION,
    );
    const { code, stdout, stderr } = await runBash(`set -e\n${commands}`, { cwd: checkout.folder });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`git tag v${VERSION}`);
    expect(readFileSync(file('CHANGELOG.md'), 'utf8')).toMatch(
      new RegExp(`^# Changelog\n\n## ${VERSION} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, 'm'),
    );
    expect(readFileSync(file('charts/ml-api/README.md'), 'utf8')).toContain(`Version-${VERSION}-`);
    expect(checkout.git('status', '--porcelain')).toBe('');
    checkout.git('tag', '--delete', `v${VERSION}`);
    checkout.git('tag', 'v98.0.0');
    expect(await sentence()).toBe(
      `The tag of this commit is v98.0.0, and package.json has version ${VERSION}. Delete the tag, run npm run release:prepare with its version, commit, and tag again.`,
    );
    checkout.git('tag', '--delete', 'v98.0.0');
    checkout.git('tag', `v${VERSION}`, 'HEAD~');
    expect(await sentence()).toMatch(
      new RegExp(`^The tag v${VERSION} is at [0-9a-f]+, not at this commit\\.`),
    );
    checkout.git('tag', '--force', `v${VERSION}`);
    expect((await prepare(VERSION)).stderr).toMatch(/^There is a tag v99\.1\.0 already/);
    expect((await prepare('99.2.0')).stderr).toMatch(
      /^CHANGELOG\.md does not begin with a section that is unreleased/,
    );
  });
});

describe('who releases', () => {
  it('is told to log in to the registry', async () => {
    const nobody = { DOCKER_CONFIG: path.join(folder, 'nobody') };
    expect(await release([], nobody)).toMatchObject({
      code: 1,
      stderr: `${at('ml-api')} cannot be read with the login that is here. Log in as somebody who may push to it: docker login 127.0.0.1:${oci.port}\n`,
    });
  });

  it('is told of a registry that does not answer', async () => {
    const { code, stderr } = await release(['--registry', '127.0.0.1:9/org']);
    expect(stderr).toMatch(/^127\.0\.0\.1:9\/org\/ml-api cannot be read: .*connection refused/);
    expect(code).toBe(1);
    const npmAway = await release(['--npm-registry', 'http://127.0.0.1:9'], {
      NPM_CONFIG_FETCH_RETRIES: '0',
    });
    expect(npmAway.stderr).toMatch(/^npm cannot tell whether @org\/ml-sdk@99\.1\.0 is published: /);
    expect(npmAway.code).toBe(1);
  });

  it('is told to log in to npm', async () => {
    const { code, stderr } = await release([], { NPM_CONFIG_USERCONFIG: '/dev/null' });
    expect(stderr).toBe(
      `npm has no login for ${npm.url}/. Run npm login --registry ${npm.url}/, or set NODE_AUTH_TOKEN to a token that your .npmrc names.\n`,
    );
    expect(code).toBe(1);
  });

  it('has the password of the key', async () => {
    const args = ['--key', path.join(folder, 'keys/locked.key')];
    const { code, stdout, stderr } = await release(args, { COSIGN_PASSWORD: 'wrong' });
    expect(stderr).toMatch(/^cosign public-key failed:\n(.*\n)*.*decrypt/);
    expect(stderr).not.toContain('wrong');
    expect([code, stdout]).toEqual([1, expect.not.stringContaining('building the image')]);
  });

  it('signs as somebody', async () => {
    const args = ['release/release.ts', '--registry', registry, '--npm-registry', npm.url];
    const { code, stderr } = await runProgram(process.execPath, args, {
      cwd: checkout.folder,
      env: { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: '', SIGSTORE_ID_TOKEN: '' },
    });
    expect(stderr).toMatch(
      /^Signing without --key needs the identity of a workflow, and there is none here\./,
    );
    expect(code).toBe(1);
  });
});

describe('a dry run', () => {
  it('makes it all, says what it would publish, and publishes nothing', async () => {
    const { code, stdout, stderr } = await release(['--dry-run']);
    expect(code, stderr).toBe(0);
    const would = stdout
      .split('\n')
      .filter((line) => line.startsWith('would publish'))
      .filter((line) => !/cuda/i.test(line));
    expect(would).toEqual([
      expect.stringContaining(`${at('ml-api')}:${VERSION} and :latest, sha256:`),
      'would publish the signature of the image',
      "would publish the signed provenance of the image and of each platform's",
      ...['linux-amd64.spdx', 'linux-amd64.cdx', 'linux-arm64.spdx', 'linux-arm64.cdx'].map(
        (name) =>
          `would publish the signed list of what the image holds, ml-api-${VERSION}.${name}.json`,
      ),
      expect.stringContaining(`oci://${at('charts/ml-api')}:${VERSION}`),
      expect.stringContaining(`@org/ml-sdk@${VERSION} to npm, sha512-`),
      expect.stringContaining(`@org/ml-api@${VERSION} to npm, sha512-`),
    ]);
    expect(digestOf(`${at('ml-api')}:${VERSION}`)).toBeUndefined();
    expect(digestOf(`${at('charts/ml-api')}:${VERSION}`)).toBeUndefined();
    expect(await versionsOnNpm('@org/ml-api')).toEqual([]);
    expect(made('notes.md')).toContain('(not pushed)');
    tried = stdout.match(DIGEST) ?? [];
    expect(checkout.git('status', '--porcelain')).toBe('');
  });
});

describe('the check of what each platform needs, in a release', () => {
  let layout = '';
  let amd64: PlatformImage;
  let arm64: PlatformImage;
  /** What is said of an image for arm64 with one more layer. */
  const told = async (
    files: Readonly<Record<string, string | Buffer>>,
    beside: readonly PlatformImage[] = [],
  ) =>
    checkPlatforms(layout, [
      ...beside,
      { ...arm64, digest: await addLayer(layout, arm64.digest, files) },
    ]).then(
      () => [],
      ({ message }: Error) => message.split('\n').slice(1, -1),
    );
  const native = (architecture: string, name: string) =>
    readFileSync(file(`node_modules/onnxruntime-node/bin/napi-v6/linux/${architecture}/${name}`));

  beforeAll(() => {
    layout = file('.cache/release/image');
    const [listed] = JSON.parse(made('image/index.json')).manifests;
    const images = imagesOf(layout, listed.digest);
    expect(images.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    [amd64, arm64] = images as [PlatformImage, PlatformImage];
  });

  it('passes what the dry run has built', async () => {
    expect(await told({ 'etc/motd': 'of the platform\n' }, [amd64])).toEqual([]);
  });

  it('finds a file of the other architecture', async () => {
    const binding =
      'app/node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node';
    expect(await told({ [binding]: native('x64', 'onnxruntime_binding.node') })).toEqual([
      `linux/arm64: /${binding} is for Advanced Micro Devices X86-64; expected AArch64.`,
    ]);
  });

  it('finds an image of the other platform', async () => {
    await expect(checkPlatforms(layout, [{ ...amd64, platform: 'linux/arm64' }])).rejects.toThrow(
      'linux/arm64: its configuration says amd64; expected that platform.',
    );
  });

  it('finds a library that is missing', async () => {
    expect(await told({ 'usr/lib/.wh.libatomic.so.1': '' })).toEqual([
      'linux/arm64: /usr/local/bin/node needs libatomic.so.1, which the image does not have.',
    ]);
    expect(await told({ 'lib/.wh.ld-linux-aarch64.so.1': '' })).toContain(
      'linux/arm64: /usr/local/bin/node is loaded by /lib/ld-linux-aarch64.so.1, which the image does not have.',
    );
  });

  it('finds a library without the symbols that are needed', async () => {
    const lines = await told({ 'usr/lib/libatomic.so.1': native('arm64', 'libonnxruntime.so.1') });
    expect(lines).toEqual([
      'linux/arm64: /usr/local/bin/node needs LIBATOMIC_1.0 of libatomic.so.1, which /usr/lib/libatomic.so.1 does not have.',
    ]);
  });

  it('finds a file that only one platform has, and one that differs', async () => {
    const lines = await told(
      {
        'app/server/more.js': '',
        'app/.wh.openapi.yaml': '',
        'models/v1/model.json': '{}',
      },
      [amd64],
    );
    expect(lines).toEqual([
      'linux/arm64: has no /app/openapi.yaml, which linux/amd64 has.',
      'linux/amd64: has no /app/server/more.js, which linux/arm64 has.',
      '/models/v1/model.json differs between linux/amd64 and linux/arm64.',
    ]);
    const without = await told({ 'app/server/.wh..wh..opq': '' }, [amd64]);
    expect(without).toContain('linux/arm64: has no /app/server/dist, which linux/amd64 has.');
  });

  describe.skipIf(!emulatesArm64())('and the image for arm64, emulated', () => {
    it.each(['v1', 'v2'])('gives all golden predictions of iris %s', async (version) => {
      const { root, node } = emulate(layout, arm64.digest, folder);
      const model = path.join(root, 'models', version);
      const serve = [...node, path.join(root, 'app/server/dist/main.js'), 'serve'];
      const verified = await serveAndPredict(serve, folder, { MODEL_DIR: model }, (url) =>
        runProgram(
          process.execPath,
          [
            ...['server/src/main.ts', 'verify', '--target', `emulated=${url}`],
            ...['--golden', path.join(model, 'golden.json'), '--expect-version', version],
          ],
          { cwd: checkout.folder },
        ),
      );
      expect(verified).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('predictions: 150 rows as expected'),
      });
    });
  });

  // Last, as it makes another image.
  it('ends the release, of which nothing is published', async () => {
    const dockerfile = readFileSync(file('Dockerfile'), 'utf8');
    writeFileSync(file('Dockerfile'), dockerfile.replace(/^COPY .*libatomic.*\n/m, ''));
    checkout.git('commit', '--quiet', '--all', '--message', 'Without a library');
    checkout.git('tag', '--force', `v${VERSION}`);
    try {
      const { code, stdout, stderr } = await release();
      expect(stderr.trimEnd().split('\n')).toEqual([
        'The image would not run on all of its platforms:',
        ...['amd64', 'arm64'].map(
          (architecture) =>
            `linux/${architecture}: /usr/local/bin/node needs libatomic.so.1, which the image does not have.`,
        ),
        'Mend the Dockerfile or server/build.ts.',
      ]);
      expect([code, stdout]).toEqual([1, expect.not.stringContaining('publishing')]);
    } finally {
      checkout.git('reset', '--quiet', '--hard', 'HEAD~');
      checkout.git('tag', '--force', `v${VERSION}`);
    }
  });
});

describe('a release', () => {
  let output = '';
  let imageDigest = '';
  let chartDigest = '';

  beforeAll(async () => {
    const { code, stdout, stderr } = await release();
    expect(code, stdout + stderr).toBe(0);
    output = stdout;
    imageDigest = String(digestOf(`${at('ml-api')}:${VERSION}`));
    chartDigest = String(digestOf(`${at('charts/ml-api')}:${VERSION}`));
  });

  it('publishes the image, the chart and the npm packages', async () => {
    expect(output).toContain(`${VERSION} is published; its notes are .cache/release/notes.md`);
    expect(imageDigest).toMatch(/^sha256:/);
    expect(digestOf(`${at('ml-api')}:latest`)).toBe(imageDigest);
    // The image and the packages are, bit for bit, those of the dry run.
    expect(output.match(DIGEST)).toEqual(tried);
    expect(tried).toHaveLength(2 + VARIANTS.length);
    expect(chartDigest).toMatch(/^sha256:/);
    for (const architecture of ['amd64', 'arm64']) {
      const platform = ['--platform', `linux/${architecture}`];
      const config = runTool('oras', [
        ...['manifest', 'fetch-config', ...withLogin, ...platform],
        `${at('ml-api')}@${imageDigest}`,
      ]);
      expect(JSON.parse(config.stdout)).toMatchObject({
        architecture,
        config: {
          User: '65532:65532',
          Labels: {
            'org.opencontainers.image.version': VERSION,
            'org.opencontainers.image.revision': checkout.git('rev-parse', 'HEAD').trim(),
            'org.opencontainers.image.source': 'https://github.com/org/ml-api',
          },
        },
      });
    }
    for (const name of ['@org/ml-sdk', '@org/ml-api'])
      expect(await versionsOnNpm(name)).toEqual([VERSION]);
    expect(checkout.git('status', '--porcelain')).toBe('');
  });

  it('is not published twice', async () => {
    expect(await release()).toMatchObject({
      code: 1,
      stderr: `${at('ml-api')}:${VERSION} is already published. What has been published is not changed: prepare a higher version with npm run release:prepare -- VERSION\n`,
    });
    // Where only npm has it, as after a release of another registry.
    const elsewhere = ['--registry', `127.0.0.1:${oci.port}/elsewhere`];
    expect((await release(elsewhere)).stderr).toMatch(
      /^@org\/ml-sdk@99\.1\.0 is already published\. npm takes no version twice/,
    );
  });

  it('has notes with all digests, whose commands verify it', async () => {
    const notes = made('notes.md');
    for (const digest of [imageDigest, chartDigest]) expect(notes).toContain(digest);
    expect(notes).toMatch(/^\| of it, linux\/arm64 \| \| `sha256:/m);
    expect(notes).toMatch(/^\| npm package \| `@org\/ml-api@99\.1\.0` \| `sha512-/m);
    const [, commands = ''] = /```sh\n([\s\S]+?)```/.exec(notes) ?? [];
    expect(commands.trim().split('\n')).toHaveLength(withCuda ? 12 : 8);
    const cosign = path.dirname(toolPath('cosign'));
    const ended = await runProgram('bash', ['-ec', commands], {
      cwd: file('.cache/release'),
      env: { DOCKER_CONFIG: path.dirname(logins), PATH: `${cosign}:${process.env['PATH']}` },
    });
    expect(ended.code, ended.stderr).toBe(0);
  });

  describe('by its provenance', () => {
    const statement = async (reference: string): Promise<Statement> => {
      const { code, stdout, stderr } = await verifyProvenance(reference);
      expect(code, stderr).toBe(0);
      const [line = '', ...others] = stdout.trim().split('\n');
      expect(others).toEqual([]);
      return statementOf(line);
    };
    const members = (): readonly PlatformImage[] =>
      imagesOf(file('.cache/release/image'), imageDigest);
    const another = () => ['--key', path.join(folder, 'keys/another.pub')];

    it('is made of the commit and of base images, by hand, and each platform, too', async () => {
      const commit = checkout.git('rev-parse', 'HEAD').trim();
      for (const { digest } of [{ digest: imageDigest }, ...members()]) {
        const { subject, predicate } = await statement(`${at('ml-api')}@${digest}`);
        expect(subject.map(({ digest: { sha256 } }) => `sha256:${sha256}`)).toEqual([digest]);
        const [repository, ...bases] = predicate.buildDefinition.resolvedDependencies;
        expect(repository).toEqual({
          uri: `git+https://github.com/org/ml-api@refs/tags/v${VERSION}`,
          digest: { gitCommit: commit },
        });
        expect(bases.map(({ uri, name }) => uri ?? name)).toEqual([
          expect.stringMatching(/distroless\/cc-debian12.*linux(\/|%2F)amd64$/),
          expect.stringMatching(/distroless\/cc-debian12.*linux(\/|%2F)arm64$/),
          expect.stringMatching(/node[:@].*-bookworm-slim.*linux(\/|%2F)\w+$/),
        ]);
        for (const { digest } of bases) expect(digest['sha256']).toMatch(/^[0-9a-f]{64}$/);
        expect(predicate.runDetails.builder.id).toMatch(/\/docs\/releasing\.md#by-hand$/);
      }
    });

    it.skipIf(!withCuda)('is of the CUDA variant, too', async () => {
      const digest = String(digestOf(`${at('ml-api')}:${VERSION}-cuda`));
      expect(await verify(`${at('ml-api')}@${digest}`)).toMatchObject({ code: 0 });
      const { predicate } = await statement(`${at('ml-api')}@${digest}`);
      expect(predicate.buildDefinition.resolvedDependencies).toHaveLength(3);
      const spdx = JSON.parse(made(`ml-api-${VERSION}-cuda.linux-amd64.spdx.json`));
      expect(spdx.name).toBe('ml-api');
    });

    it('is printed by the command of docs/releasing.md', async () => {
      const identity = / --certificate-identity \S+ \\\n +--certificate-oidc-issuer \S+ /;
      const block = blockOf('docs/releasing.md', 'sh', { section: 'Provenance' });
      expect(block).toMatch(identity);
      const withKey = block
        .replace(identity, ' --key ours.pub --insecure-ignore-tlog=true --allow-http-registry ')
        .replace('ghcr.io/OWNER/ml-api:VERSION', `${at('ml-api')}@${imageDigest}`);
      const cosign = path.dirname(toolPath('cosign'));
      const { code, stdout, stderr } = await runBash(`set -e -o pipefail\n${withKey}`, {
        cwd: path.join(folder, 'keys'),
        env: { DOCKER_CONFIG: path.dirname(logins), PATH: `${cosign}:${process.env['PATH']}` },
      });
      expect(code, stderr).toBe(0);
      const { predicate } = await statement(`${at('ml-api')}@${imageDigest}`);
      expect(JSON.parse(stdout)).toEqual(predicate);
    });

    it('has the image in the chart', async () => {
      const { subject, predicate } = await statement(`${at('charts/ml-api')}@${chartDigest}`);
      expect(subject.map(({ digest: { sha256 } }) => `sha256:${sha256}`)).toEqual([chartDigest]);
      expect(predicate.buildDefinition.resolvedDependencies).toContainEqual({
        name: `${at('ml-api')}:${VERSION}`,
        digest: { sha256: imageDigest.replace('sha256:', '') },
      });
    });

    it('is told from one that was changed, of something else, or by somebody else', async () => {
      const { provenance, copyWith } = attachments(logins, folder);
      const [{ digest } = { digest: '' }] = members();
      const image = `${at('ml-api')}@${digest}`;
      const bundle = provenance(image);
      const copied = copyWith(image, at('copied'), bundle);
      expect(await verifyProvenance(copied)).toMatchObject({ code: 0 });
      expect((await verifyProvenance(copied, another())).code).not.toBe(0);

      const said = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString();
      const changed = said.replace('#by-hand', '#by-nobody');
      expect(changed).not.toBe(said);
      const payload = Buffer.from(changed).toString('base64');
      const ofElse = provenance(`${at('charts/ml-api')}@${chartDigest}`);
      for (const [name, attached] of [
        ['changed', { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload } }],
        ['of-else', ofElse],
      ] as const) {
        const { code, stderr } = await verifyProvenance(copyWith(image, at(name), attached));
        expect(stderr, name).toMatch(/no matching attestations|could not verify|failed to verify/);
        expect(code, name).not.toBe(0);
      }
    });
  });

  it.each(['amd64', 'arm64'])(
    'lists in its SBOMs what the image for %s holds, also inside the bundle',
    (architecture) => {
      const spdx = JSON.parse(made(`ml-api-${VERSION}.linux-${architecture}.spdx.json`));
      const cyclonedx = JSON.parse(made(`ml-api-${VERSION}.linux-${architecture}.cdx.json`));
      expect(JSON.stringify(spdx)).toContain(`?arch=${architecture}`);
      for (const packages of [spdx.packages, cyclonedx.components])
        expect(packages.map(({ name }: { name: string }) => name)).toEqual(
          expect.arrayContaining(['node', 'onnxruntime-node', 'express', '@aws-sdk/client-s3']),
        );
      expect(spdx.spdxVersion).toMatch(/^SPDX-2\./);
    },
  );

  describe('to a stranger with Helm', () => {
    const chart = () => [`oci://${at('charts/ml-api')}`, '--version', VERSION, ...withLogin];
    const helm = (...args: readonly string[]) => {
      const { status, stdout, stderr } = runTool('helm', args, { cwd: folder });
      expect(status, stderr).toBe(0);
      return stdout;
    };

    it('is a chart of this version that names the image', () => {
      const { version, appVersion, annotations } = parse(helm('show', 'chart', ...chart()));
      expect([version, appVersion]).toEqual([VERSION, VERSION]);
      expect(annotations['artifacthub.io/images']).toContain(
        `${at('ml-api')}:${VERSION}@${imageDigest}`,
      );
    });

    it('runs the image by its digest', () => {
      const manifests = helm('template', 'ml-api', ...chart());
      const images = [...manifests.matchAll(/^ +(?:- )?image: "?([^"\n]+)"?$/gm)].map(
        ([, image]) => image,
      );
      expect(new Set(images)).toEqual(new Set([`${at('ml-api')}@${imageDigest}`]));
      expect(images.length).toBeGreaterThan(1);
    });

    it('runs the CUDA variant where a GPU is asked for, by its digest where it is released', () => {
      const gpu = [
        ...['--set', 'versions.v1.gpu.count=1,versions.v1.autoscaling.type=none'],
        ...['--show-only', 'templates/deployment.yaml'],
      ];
      const tag = `${at('ml-api')}:${VERSION}-cuda`;
      expect(helm('template', 'ml-api', ...chart(), ...gpu)).toContain(
        `image: "${withCuda ? `${at('ml-api')}@${digestOf(tag)}` : tag}"`,
      );
    });

    it('runs another image where one is set', () => {
      const own = [
        '--set',
        'image.repository=example.com/mine',
        '--show-only',
        'templates/deployment.yaml',
      ];
      expect(helm('template', 'ml-api', ...chart(), ...own)).toContain(
        `image: "example.com/mine:${VERSION}"`,
      );
    });

    it('has a README whose links and commands need no clone', () => {
      const readme = helm('show', 'readme', ...chart());
      expect(readme).toContain(
        `helm install ml-api oci://${at('charts/ml-api')} --version ${VERSION}`,
      );
      expect(readme.match(/\]\((?!https?:|#|mailto:)[^)]+\)/g)).toBeNull();
      expect(readme).toContain(`/blob/v${VERSION}/docs/several-models.md#on-kubernetes`);
    });
  });

  describe('to a stranger with Node', () => {
    /** Nobody's login, and nothing in a cache. */
    const stranger = () => ({
      NPM_CONFIG_REGISTRY: npm.url,
      NPM_CONFIG_USERCONFIG: '/dev/null',
      NPM_CONFIG_CACHE: path.join(folder, 'stranger-cache'),
    });

    it('serves iris by npx', async () => {
      const project = mkdtempSync(path.join(folder, 'npx-'));
      const command = ['npx', '--yes', '@org/ml-api', 'serve', '--try'];
      expect(await serveAndPredict(command, project, stranger())).toEqual({ prediction: [0] });
    });

    it('installs, and calls the server from the SDK, on the oldest Node that it names', async () => {
      const project = mkdtempSync(path.join(folder, 'install-'));
      writeFileSync(path.join(project, 'package.json'), '{"type": "module"}');
      const { code, stderr } = await runProgram(
        'npm',
        ['install', '--no-audit', '--no-fund', '@org/ml-api', '@org/ml-sdk'],
        { cwd: project, env: stranger() },
      );
      expect(code, stderr).toBe(0);
      const { engines, version } = JSON.parse(
        readFileSync(path.join(project, 'node_modules/@org/ml-api/package.json'), 'utf8'),
      );
      expect(version).toBe(VERSION);
      const [, oldest = ''] = /^>=(.+)$/.exec(engines.node) ?? [];
      const node = path.join(npmProgram(`node-linux-${process.arch}`, `${oldest}.0`), 'bin/node');
      expect(execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()).toBe(`v${oldest}.0`);
      const program = path.join(project, 'node_modules/@org/ml-api/server/dist/main.js');
      writeFileSync(
        path.join(project, 'use.js'),
        `import { predict } from '@org/ml-sdk';\nconsole.log(JSON.stringify(await predict({ inputs: [6.3, 3.3, 6, 2.5] })));\n`,
      );
      const answer = await serveAndPredict(
        [node, program, 'serve', '--try'],
        project,
        {},
        async (url) => {
          const { stdout } = await runProgram(node, ['use.js'], {
            cwd: project,
            env: { ML_API_URL: url },
          });
          return JSON.parse(stdout);
        },
      );
      expect(answer).toMatchObject({ prediction: [2] });
    });
  });

  describe('to a stranger with a cluster', { skip: !canHaveCluster() }, () => {
    const namespace = 'stranger';
    let cluster: RehearsalCluster;
    const kubectl = (...args: readonly string[]) =>
      cluster.kubectl([`--namespace=${namespace}`, ...args]);
    const helm = async (...args: readonly string[]) => {
      const where = ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace];
      const { code, stdout, stderr } = await runProgram(toolPath('helm'), [...args, ...where]);
      expect(code, stdout + stderr).toBe(0);
      return stdout;
    };
    const chart = () => [`oci://${at('charts/ml-api')}`, '--version', VERSION, ...withLogin];
    // The registry lets nobody in without a login.
    const settings = ['--set', 'imagePullSecrets[0]=registry', '--wait', '--timeout=120s'];
    const images = async () => {
      const path = '{.items[*].status.containerStatuses[*].imageID}';
      const predictors = 'app.kubernetes.io/component=predictor';
      const found = await kubectl(
        'get',
        'pods',
        `--selector=${predictors}`,
        `--output=jsonpath=${path}`,
      );
      return [...new Set(found.split(' '))];
    };

    beforeAll(async () => {
      cluster = await startCluster(oci.port);
      await cluster.kubectl(['create', 'namespace', namespace]);
      await kubectl(
        ...['create', 'secret', 'generic', 'registry', '--type=kubernetes.io/dockerconfigjson'],
        `--from-file=.dockerconfigjson=${logins}`,
      );
    });
    afterAll(() => cluster?.stop());

    it('installs, tests and predicts, with the image of the release', async () => {
      const notes = await helm('install', 'ml-api', ...chart(), ...settings);
      expect(notes).toContain(`ml-api ${VERSION} serves`);
      expect(await images()).toEqual([`${at('ml-api')}@${imageDigest}`]);
      const tested = await helm('test', 'ml-api', '--logs', '--timeout=120s');
      expect(tested).toContain('predictions: 150 rows as expected');
      const { body } = await request(cluster.ingress)
        .post('/predict')
        .set('Host', 'ml.local')
        .send({ inputs: [5.1, 3.5, 1.4, 0.2] })
        .expect(200);
      expect(body).toEqual({ prediction: [0] });
      await helm('uninstall', 'ml-api', '--wait');
    });

    it('upgrades to it from the chart before', async () => {
      const before = path.join(import.meta.dirname, '../e2e/previous/ml-api-0.1.0.tgz');
      // No registry has the image of that release.
      const image = ['--set', `image.repository=${at('ml-api')},image.tag=${VERSION}`];
      await helm('install', 'ml-api', before, ...image, ...settings);
      await helm('upgrade', 'ml-api', ...chart(), '--reset-values', ...settings);
      expect(await images()).toEqual([`${at('ml-api')}@${imageDigest}`]);
      expect(await helm('test', 'ml-api', '--timeout=120s')).toContain('Phase:          Succeeded');
    });
  });

  // Last, as they change what the registry has by the names.
  describe('that somebody tampers with', () => {
    const expectUnsigned = async (reference: string) => {
      const { code, stderr } = await verify(reference);
      expect(stderr).toMatch(/no (matching )?signatures/i);
      expect(code).not.toBe(0);
    };

    it('is signed by our key alone, for each platform', async () => {
      const image = JSON.parse(
        runTool('oras', ['manifest', 'fetch', ...withLogin, `${at('ml-api')}@${imageDigest}`])
          .stdout,
      );
      expect(image.manifests).toHaveLength(2);
      for (const { digest } of image.manifests)
        expect(await verify(`${at('ml-api')}@${digest}`)).toMatchObject({ code: 0 });
      expect(await verify(`${at('ml-api')}:${VERSION}`)).toMatchObject({ code: 0 });
      expect(await verify(`${at('charts/ml-api')}:${VERSION}`)).toMatchObject({ code: 0 });
      const another = ['--key', path.join(folder, 'keys/another.pub')];
      expect((await verify(`${at('ml-api')}:${VERSION}`, another)).code).not.toBe(0);
    });

    it('is told by the image, whose signature is not that of another one', async () => {
      const reference = at('ml-api');
      const { stdout } = runTool('oras', [
        'manifest',
        'fetch',
        ...withLogin,
        `${reference}:${VERSION}`,
      ]);
      const manifest = { ...JSON.parse(stdout), annotations: { 'ml-api.test/tampered': 'yes' } };
      const tampered = path.join(folder, 'manifest.json');
      writeFileSync(tampered, JSON.stringify(manifest));
      const push = ['manifest', 'push', ...withLogin, `${reference}:${VERSION}`, tampered];
      expect(runTool('oras', push)).toMatchObject({ status: 0 });
      expect(digestOf(`${reference}:${VERSION}`)).not.toBe(imageDigest);
      await expectUnsigned(`${reference}:${VERSION}`);
      // With the signature of the other one put where its own would be.
      const tagOf = (digest: string) => digest.replace(':', '-');
      const theirs = tagOf(String(digestOf(`${reference}:${VERSION}`)));
      const copy = ['tag', ...withLogin, `${reference}:${tagOf(imageDigest)}`, theirs];
      expect(runTool('oras', copy)).toMatchObject({ status: 0 });
      expect((await verify(`${reference}:${VERSION}`)).code).not.toBe(0);
      // Whoever asks by digest gets what was released.
      expect(await verify(`${reference}@${imageDigest}`)).toMatchObject({ code: 0 });
    });

    it('is told by the chart', async () => {
      const reference = at('charts/ml-api');
      const own = path.join(folder, 'tampered');
      const pull = [
        'pull',
        `oci://${reference}`,
        '--version',
        VERSION,
        ...withLogin,
        '--untar',
        '--untardir',
        own,
      ];
      expect(runTool('helm', pull)).toMatchObject({ status: 0 });
      appendFileSync(path.join(own, 'ml-api/values.yaml'), '# more\n');
      expect(
        runTool('helm', ['package', path.join(own, 'ml-api'), '--destination', own]),
      ).toMatchObject({ status: 0 });
      const push = [
        'push',
        path.join(own, `ml-api-${VERSION}.tgz`),
        `oci://${path.dirname(reference)}`,
        ...withLogin,
      ];
      expect(runTool('helm', push)).toMatchObject({ status: 0 });
      await expectUnsigned(`${reference}:${VERSION}`);
      expect(await verify(`${reference}@${chartDigest}`)).toMatchObject({ code: 0 });
    });
  });
});

it.each([
  ['for this platform', []],
  ['for both platforms', ['--platform', 'linux/arm64,linux/amd64']],
])(
  'npm run image -- --push pushes to a registry, %s, and prints how to install from it',
  async (_, platforms) => {
    const name = at(`pushed-${platforms.length}`);
    const tag = 'localhost/ml-api-rehearsal:pushed';
    const args = ['test/image/build.ts', '--tag', tag, ...platforms, ...standIns, '--push', name];
    const { code, stdout, stderr } = await runProgram(process.execPath, args, {
      cwd: checkout.folder,
      // podman and buildah have logins of their own.
      env: { ...env, REGISTRY_AUTH_FILE: logins },
    });
    expect(code, stderr).toBe(0);
    const digest = digestOf(`${name}:${VERSION}`);
    expect(stdout).toContain(
      `helm install ml-api charts/ml-api --set image.repository=${name} --set image.digest=${digest}`,
    );
    const pushed = runTool('oras', ['manifest', 'fetch', ...withLogin, `${name}@${digest}`]).stdout;
    const { manifests = [] } = JSON.parse(pushed);
    expect(
      manifests.map(({ platform }: { platform: { architecture: string } }) => platform),
    ).toEqual(
      platforms.length === 0
        ? []
        : [
            { os: 'linux', architecture: 'amd64' },
            { os: 'linux', architecture: 'arm64' },
          ],
    );
    const [, builder = ''] = /is built with (\w+)\./.exec(stdout) ?? [];
    if (platforms.length > 0) execFileSync(builder, ['manifest', 'rm', tag], { stdio: 'pipe' });
    const built = platforms.length > 0 ? [`${tag}-amd64`, `${tag}-arm64`] : [tag];
    execFileSync(builder, ['rmi', ...built], { stdio: 'pipe' });
  },
);
