// Checks what cannot be run here: that each platform's image holds the platform's programs with all libraries that they need, and beside
// them the same files.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ReleaseProblem } from '../problem.ts';
import { type Elf, expectReadelf, readElves } from './elf.ts';
import { blob, type ImageContent, type ImageFiles, readImage, resolve } from './image-files.ts';

interface Platform {
  /** As readelf names it. */
  readonly machine: string;
  /** https://wiki.debian.org/Multiarch/Tuples */
  readonly tuple: string;
  /** As Node names the architecture. */
  readonly node: string;
}

const PLATFORMS: Readonly<Partial<Record<string, Platform>>> = {
  amd64: { machine: 'Advanced Micro Devices X86-64', tuple: 'x86_64-linux-gnu', node: 'x64' },
  arm64: { machine: 'AArch64', tuple: 'aarch64-linux-gnu', node: 'arm64' },
};

/** What the Dockerfile adds to the runtime base, whose own files differ between platforms as Debian's packages do. */
const OURS = /^\/(?:app|models|usr\/local)\//;
const MOST_SHOWN = 20;

export interface PlatformImage {
  /** Such as linux/arm64. */
  readonly platform: string;
  readonly digest: string;
}

/** https://github.com/opencontainers/image-spec/blob/main/image-index.md */
interface Index {
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly os: string; readonly architecture: string };
  }[];
}

/**
 * @param index the digest of the list
 * @returns the images of the list, one a platform
 */
export function imagesOf(layout: string, index: string): readonly PlatformImage[] {
  const { manifests }: Index = blob(layout, index);
  return manifests.map(({ platform: { os, architecture }, digest }) => ({
    platform: `${os}/${architecture}`,
    digest,
  }));
}

/**
 * @param fromNode libraries that a node brings, beside the image's
 * @throws ReleaseProblem with all that is wrong, a sentence a line
 */
export async function checkPlatforms(
  layout: string,
  images: readonly PlatformImage[],
  fromNode: readonly string[] = [],
): Promise<void> {
  expectReadelf();
  const folder = mkdtempSync(path.join(tmpdir(), 'platforms-'));
  try {
    const contents: (readonly [PlatformImage, ImageContent])[] = [];
    const problems: string[] = [];
    for (const [index, image] of images.entries()) {
      const own = path.join(folder, String(index));
      mkdirSync(own);
      const content = await readImage(layout, image.digest, own);
      contents.push([image, content]);
      problems.push(...problemsOf(image, content, fromNode));
    }
    const [first, ...others] = contents;
    if (first !== undefined)
      for (const other of others) problems.push(...differences(first, other));
    if (problems.length === 0) return;
    const more = problems.length - MOST_SHOWN;
    throw new ReleaseProblem(
      [
        'The image would not run on all of its platforms:',
        ...problems.slice(0, MOST_SHOWN),
        ...(more > 0 ? [`and ${more} more.`] : []),
        'Mend the Dockerfile or server/build.ts.',
      ].join('\n'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function problemsOf(
  { platform }: PlatformImage,
  content: ImageContent,
  fromNode: readonly string[],
): string[] {
  const { files, architecture, program } = content;
  const expected = platform === `linux/${architecture}` ? PLATFORMS[architecture] : undefined;
  if (expected === undefined)
    return [`${platform}: its configuration says ${architecture}; expected that platform.`];
  const elves = elvesOf(files);
  const problems: string[] = [];
  if (program === undefined || !elves.has(resolve(files, program) ?? ''))
    problems.push(`starts ${program ?? 'nothing'}; expected a program in the image.`);
  for (const [name, elf] of elves)
    if (elf.machine !== expected.machine)
      problems.push(`${name} is for ${elf.machine}; expected ${expected.machine}.`);
    else problems.push(...missing(name, elf, { files, elves, fromNode, tuple: expected.tuple }));
  return problems.map((problem) => `${platform}: ${problem}`);
}

/** @returns by the path in the image */
function elvesOf(files: ImageFiles): ReadonlyMap<string, Elf> {
  const copies = [...files.values()].flatMap(({ elf }) => elf ?? []);
  const read = readElves([...new Set(copies)]);
  const elves = new Map<string, Elf>();
  for (const [name, { elf }] of files) {
    const known = read.get(elf ?? '');
    if (known !== undefined) elves.set(name, known);
  }
  return elves;
}

interface Surroundings {
  readonly files: ImageFiles;
  readonly elves: ReadonlyMap<string, Elf>;
  readonly fromNode: readonly string[];
  readonly tuple: string;
}

/** What ld.so would not find: https://man7.org/linux/man-pages/man8/ld.so.8.html; the folders at last are those of Debian's. */
function missing(
  name: string,
  elf: Elf,
  { files, elves, fromNode, tuple }: Surroundings,
): string[] {
  const folders = [
    ...elf.searches.map((folder) =>
      folder.replace(/\$ORIGIN|\$\{ORIGIN\}/, path.posix.dirname(name)),
    ),
    ...[`/lib/${tuple}`, `/usr/lib/${tuple}`, '/lib', '/usr/lib'],
  ];
  const problems: string[] = [];
  if (elf.interpreter !== undefined && !elves.has(resolve(files, elf.interpreter) ?? ''))
    problems.push(`${name} is loaded by ${elf.interpreter}, which the image does not have.`);
  for (const library of elf.needs) {
    if (fromNode.includes(library)) continue;
    const found = folders
      .map((folder) => resolve(files, path.posix.join(folder, library)))
      .find((place) => place !== undefined && elves.has(place));
    const provides = elves.get(found ?? '')?.provides;
    if (provides === undefined) {
      problems.push(`${name} needs ${library}, which the image does not have.`);
      continue;
    }
    for (const version of elf.needsVersions.get(library) ?? [])
      if (!provides.has(version))
        problems.push(`${name} needs ${version} of ${library}, which ${found} does not have.`);
  }
  return problems;
}

function differences(
  [one, { files: ofOne, architecture: archOne }]: readonly [PlatformImage, ImageContent],
  [other, { files: ofOther, architecture: archOther }]: readonly [PlatformImage, ImageContent],
): string[] {
  const [mine, theirs] = [ours(ofOne, archOne), ours(ofOther, archOther)];
  return [
    ...[...mine.keys()]
      .filter((name) => !theirs.has(name))
      .map((name) => `${other.platform}: has no ${name}, which ${one.platform} has.`),
    ...[...theirs.keys()]
      .filter((name) => !mine.has(name))
      .map((name) => `${one.platform}: has no ${name}, which ${other.platform} has.`),
    ...[...mine]
      .filter(([name, what]) => theirs.has(name) && theirs.get(name) !== what)
      .map(([name]) => `${name} differs between ${one.platform} and ${other.platform}.`),
  ];
}

/** @returns by a name that all platforms share, what a file is: programs differ, all else does not */
function ours(files: ImageFiles, architecture: string): ReadonlyMap<string, string> {
  const folder = `/linux/${PLATFORMS[architecture]?.node ?? architecture}`;
  return new Map(
    [...files]
      .filter(([name]) => OURS.test(name))
      .map(([name, { kind, elf, sha256, target }]) => [
        `${name}/`.replace(`${folder}/`, '/linux/<architecture>/').slice(0, -1),
        elf === undefined ? [kind, sha256, target].join(' ') : 'ELF',
      ]),
  );
}
