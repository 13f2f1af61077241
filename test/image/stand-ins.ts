// Local images of the same names as the Dockerfile's base images, for machines that reach no container registry.
// They are made of Debian's packages and of the Node and npm that the npm registry has.
import { execFileSync, spawnSync } from 'node:child_process';
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
import { freeName } from './free-name.ts';

const dockerfile = readFileSync(path.resolve(import.meta.dirname, '../../Dockerfile'), 'utf8');
const nodeVersion = found(/^ARG NODE_VERSION=(\S+)$/m);
export const NODE_IMAGE = found(/^FROM (\S+) AS node$/m).replace(/\$\{NODE_VERSION\}/, nodeVersion);
const RUNTIME_IMAGE = found(/^FROM (\S+) AS runtime$/m);
/** By those of images: as Node, and so its npm packages, name them. */
const NODE_ARCHITECTURES: Readonly<Partial<Record<string, string>>> = { amd64: 'x64' };
const NPM_VERSION = '11.6.0';
const SUITE = 'bookworm';

/** What makes an image's files, in a folder, for an architecture as images name it. */
type Make = (root: string, architecture: string, folder: string) => void;

/** Makes the images that are not there yet, so that each name is a list of the platforms' images, as at a registry. */
export function makeStandIns(architectures: readonly string[]): void {
  makeStandIn(NODE_IMAGE, architectures, makeNode);
  makeStandIn(RUNTIME_IMAGE, architectures, makeRuntime, ['--user', '65532:65532']);
}

function makeStandIn(
  name: string,
  architectures: readonly string[],
  make: Make,
  config: readonly string[] = [],
): void {
  const member = (architecture: string) => `${name}-${architecture}`;
  for (const architecture of architectures)
    if (!exists(member(architecture)))
      withFolder((folder) => {
        say(`making a stand-in for ${name}, linux/${architecture}`);
        const root = path.join(folder, 'root');
        make(root, architecture, folder);
        commit(root, member(architecture), ['--arch', architecture, ...config]);
      });
  const members = listed(name);
  if (architectures.every((architecture) => members.includes(architecture))) return;
  const all = new Set([...members, ...architectures]);
  freeName('buildah', name);
  execFileSync('buildah', ['manifest', 'create', name, ...[...all].map(member)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Debian with Node, and where it is to run, npm, like the official Node image. */
function makeNode(root: string, architecture: string, folder: string): void {
  const arch = NODE_ARCHITECTURES[architecture] ?? architecture;
  const isOurs = arch === process.arch;
  bootstrap(root, ['ca-certificates', 'libatomic1', 'libstdc++6'], {
    architecture,
    // The packages' scripts are for that architecture, too.
    variant: isOurs ? 'minbase' : 'extract',
  });
  const node = unpack(folder, `node-linux-${arch}@${nodeVersion}`);
  mkdirSync(`${root}/usr/local/bin`, { recursive: true });
  execFileSync('cp', [`${node}/bin/node`, `${root}/usr/local/bin/node`]);
  if (!isOurs) return;
  const npm = unpack(folder, `npm@${NPM_VERSION}`);
  mkdirSync(`${root}/usr/local/lib/node_modules`, { recursive: true });
  execFileSync('cp', ['-r', npm, `${root}/usr/local/lib/node_modules/npm`]);
  for (const command of ['npm', 'npx'])
    symlinkSync(
      `../lib/node_modules/npm/bin/${command}-cli.js`,
      `${root}/usr/local/bin/${command}`,
    );
}

/** C and C++ libraries alone, like the distroless image. */
function makeRuntime(root: string, architecture: string): void {
  // Extracted, not configured: there is no shell to run a package's scripts with.
  bootstrap(
    root,
    ['base-files', 'libc6', 'libstdc++6', 'libgcc-s1', 'ca-certificates', 'netbase', 'tzdata'],
    { architecture, variant: 'extract' },
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
}

function bootstrap(
  root: string,
  packages: readonly string[],
  { architecture, variant }: { readonly architecture: string; readonly variant: string },
): void {
  execFileSync(
    'mmdebstrap',
    [
      ...[`--variant=${variant}`, '--quiet', `--architectures=${architecture}`],
      // Nothing of what is only extracted runs.
      ...(variant === 'extract' ? ['--skip=check/qemu'] : []),
      ...[`--include=${packages.join(',')}`, SUITE, root],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
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

/** The architectures of the images that a list holds; none where there is no such list. */
function listed(name: string): readonly string[] {
  const { status, stdout } = spawnSync('buildah', ['manifest', 'inspect', name], {
    encoding: 'utf8',
  });
  if (status !== 0) return [];
  const { manifests = [] } = JSON.parse(stdout);
  return manifests.map(
    ({ platform }: { readonly platform: { readonly architecture: string } }) =>
      platform.architecture,
  );
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
