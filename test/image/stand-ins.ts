// Local images of the same names as the Dockerfile's base images, for machines that reach no container registry.
// They are made of Debian's packages and of the Node and npm that the npm registry has.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const dockerfile = readFileSync(path.resolve(import.meta.dirname, '../../Dockerfile'), 'utf8');
const nodeVersion = found(/^ARG NODE_VERSION=(\S+)$/m);
const NODE_IMAGE = found(/^FROM (\S+) AS build$/m).replace(/\$\{NODE_VERSION\}/, nodeVersion);
const RUNTIME_IMAGE = found(/^FROM (\S+)$/m);
const NPM_VERSION = '11.6.0';
const SUITE = 'bookworm';

/** Makes the images that are not there yet. */
export function makeStandIns(): void {
  if (!exists(NODE_IMAGE)) withFolder(makeNodeImage);
  if (!exists(RUNTIME_IMAGE)) withFolder(makeRuntimeImage);
}

/** Debian with Node and npm, like the official Node image. */
function makeNodeImage(folder: string): void {
  const root = path.join(folder, 'root');
  say(`making a stand-in for ${NODE_IMAGE}`);
  bootstrap(root, ['ca-certificates', 'libatomic1', 'libstdc++6']);
  const node = unpack(folder, `node-linux-${process.arch}@${nodeVersion}`);
  const npm = unpack(folder, `npm@${NPM_VERSION}`);
  mkdirSync(`${root}/usr/local/lib/node_modules`, { recursive: true });
  execFileSync('cp', [`${node}/bin/node`, `${root}/usr/local/bin/node`]);
  execFileSync('cp', ['-r', npm, `${root}/usr/local/lib/node_modules/npm`]);
  for (const command of ['npm', 'npx'])
    symlinkSync(
      `../lib/node_modules/npm/bin/${command}-cli.js`,
      `${root}/usr/local/bin/${command}`,
    );
  commit(root, NODE_IMAGE, []);
}

/** C and C++ libraries alone, like the distroless image. */
function makeRuntimeImage(folder: string): void {
  const root = path.join(folder, 'root');
  say(`making a stand-in for ${RUNTIME_IMAGE}`);
  // Extracted, not configured: there is no shell to run a package's scripts with.
  bootstrap(
    root,
    ['base-files', 'libc6', 'libstdc++6', 'libgcc-s1', 'ca-certificates', 'netbase', 'tzdata'],
    'extract',
  );
  const certificates = execFileSync('sh', ['-c', 'cat usr/share/ca-certificates/mozilla/*.crt'], {
    cwd: root,
  });
  mkdirSync(`${root}/etc/ssl/certs`, { recursive: true });
  writeFileSync(`${root}/etc/ssl/certs/ca-certificates.crt`, certificates);
  writeFileSync(
    `${root}/etc/passwd`,
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  writeFileSync(`${root}/etc/group`, 'root:x:0:\nnonroot:x:65532:\n');
  for (const path of [
    'bin',
    'usr/bin',
    'usr/sbin',
    'sbin',
    'usr/share/doc',
    'usr/share/man',
    'var/lib/dpkg',
    'var/cache',
  ])
    if (existsSync(`${root}/${path}`))
      execFileSync('sh', ['-c', `rm -rf "$1"/*`, 'sh', `${root}/${path}`]);
  commit(root, RUNTIME_IMAGE, ['--user', '65532:65532']);
}

function bootstrap(root: string, packages: readonly string[], variant = 'minbase'): void {
  execFileSync(
    'mmdebstrap',
    [`--variant=${variant}`, '--quiet', `--include=${packages.join(',')}`, SUITE, root],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
}

function unpack(folder: string, spec: string): string {
  const target = mkdtempSync(path.join(folder, 'package-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', target, spec], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  execFileSync('sh', ['-c', 'tar -xzf "$1"/*.tgz -C "$1"', 'sh', target]);
  return path.join(target, 'package');
}

/** A fixed time, so that the image built on it can be told by its content. */
function commit(root: string, name: string, config: readonly string[]): void {
  const container = execFileSync('buildah', ['from', 'scratch'], { encoding: 'utf8' }).trim();
  execFileSync('buildah', ['add', '--quiet', container, root, '/']);
  execFileSync('buildah', [
    'config',
    '--env',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...config,
    container,
  ]);
  execFileSync('buildah', ['commit', '--quiet', '--rm', '--timestamp', '0', container, name], {
    stdio: 'ignore',
  });
}

function exists(image: string): boolean {
  try {
    execFileSync('buildah', ['inspect', '--type', 'image', image], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function withFolder(make: (folder: string) => void): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'stand-in-'));
  try {
    make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function found(pattern: RegExp): string {
  const [, value] = pattern.exec(dockerfile) ?? [];
  if (value === undefined) throw new Error(`Dockerfile: nothing matches ${pattern}`);
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
