// What an ELF file is for and what it needs, by readelf, which reads those of all machines.
import { attempt } from '../command.ts';
import { ReleaseProblem } from '../problem.ts';

export interface Elf {
  /** As readelf names it, such as AArch64. */
  readonly machine: string;
  /** The program that loads it. */
  readonly interpreter: string | undefined;
  /** Names of libraries. */
  readonly needs: readonly string[];
  /** Folders that it names for them; $ORIGIN is its own. */
  readonly searches: readonly string[];
  /** Versions of symbols, such as GLIBC_2.28, that it has for others. */
  readonly provides: ReadonlySet<string>;
  /** Versions that it needs, by the library's name. */
  readonly needsVersions: ReadonlyMap<string, readonly string[]>;
}

/** @throws ReleaseProblem where there is no readelf */
export function expectReadelf(): void {
  try {
    attempt('readelf', ['--version']);
  } catch {
    throw new ReleaseProblem(
      'readelf is needed to check what the image holds. On Debian and Ubuntu: apt-get install binutils',
    );
  }
}

/**
 * @returns by the file
 * @throws ReleaseProblem for what is no whole ELF file
 */
export function readElves(files: readonly string[]): ReadonlyMap<string, Elf> {
  if (files.length === 0) return new Map();
  const parts = ['--file-header', '--program-headers', '--dynamic', '--version-info'];
  const { status, stdout, stderr } = attempt(
    'readelf',
    ['--wide', ...parts, ...files],
    { LC_ALL: 'C' }, // in English
  );
  // It names files only where there are several.
  const said = files.length === 1 ? `File: ${files[0]}\n${stdout}` : stdout;
  const [, ...named] = said.split(/^File: (.+)$/m);
  const elves = new Map<string, Elf>();
  for (let at = 0; at < named.length; at += 2) {
    const [file = '', text = ''] = named.slice(at, at + 2);
    const machine = /^ *Machine: +(.+)$/m.exec(text)?.[1];
    if (machine !== undefined) elves.set(file, elfOf(machine, text));
  }
  if (status !== 0 || elves.size < files.length)
    throw new ReleaseProblem(
      `readelf cannot read all programs and libraries of the image: ${stderr.trim().split('\n', 3).join(' ')}`,
    );
  return elves;
}

function elfOf(machine: string, said: string): Elf {
  const all = (pattern: RegExp) => [...said.matchAll(pattern)].map(([, found = '']) => found);
  return {
    machine,
    interpreter: /\[Requesting program interpreter: (.+)\]/.exec(said)?.[1],
    needs: all(/\(NEEDED\) +Shared library: \[(.+)\]/g),
    searches: all(/\((?:RUNPATH|RPATH)\) +Library r(?:un)?path: \[(.*)\]/g).flatMap((folders) =>
      folders.split(':'),
    ),
    provides: new Set(all(/^ +\w+: Rev: .* Name: (\S+)$/gm)),
    needsVersions: needsVersions(said),
  };
}

function needsVersions(said: string): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, string[]>();
  let ofLibrary: string[] = [];
  for (const line of said.split('\n')) {
    const library = /^ +\w+: Version: \d+ +File: (\S+) /.exec(line)?.[1];
    if (library !== undefined) {
      ofLibrary = [];
      versions.set(library, ofLibrary);
    }
    // A weak one may be missing.
    const [, name, flags] = /^ +\w+: +Name: (\S+) +Flags: (.+?) +Version:/.exec(line) ?? [];
    if (name !== undefined && !flags?.includes('WEAK')) ofLibrary.push(name);
  }
  return versions;
}
