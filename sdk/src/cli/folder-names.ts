// Folders for models whose names somebody else chose: a name may be no file name, or one that means something.
import { createHash } from 'node:crypto';
import { CliError } from './cli-error.ts';
import { printable } from './printable.ts';

/** What is a folder on every file system: no separators, no dots at the ends, nothing that a shell or a glob takes for its own. */
const PLAIN = /^\w[\w-]*(?:\.[\w-]+)*$/;
const LONGEST = 100;
/** Devices of Windows, what TypeScript leaves out, and what imports take for a file. */
const RESERVED =
  /^(?:con|nul|aux|prn|com\d|lpt\d)(?:\.|$)|^node_modules$|\.(?:[cm]?[jt]sx?|json)$/i;

export function isFolderName(text: string): boolean {
  return text.length <= LONGEST && PLAIN.test(text) && !RESERVED.test(text);
}

/**
 * A folder for each name: the name itself where it can be one, else what is left of it and a part of its hash. Names that differ by
 * case alone, which some file systems take for one, get a hash each.
 * @throws CliError where two names would get one folder all the same
 */
export function folderNames(names: readonly string[]): Map<string, string> {
  const counts = new Map<string, number>();
  for (const name of names) {
    const lower = name.toLowerCase();
    counts.set(lower, (counts.get(lower) ?? 0) + 1);
  }
  const isOnly = (name: string) => counts.get(name.toLowerCase()) === 1;
  const folders = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const name of names) {
    const folder = isFolderName(name) && isOnly(name) ? name : withHash(name);
    const owner = owners.get(folder.toLowerCase());
    if (owner !== undefined)
      throw new CliError(
        `The models ${shown(owner)} and ${shown(name)} would have one folder, ${folder}. Leave one of them out with --skip.`,
      );
    owners.set(folder.toLowerCase(), name);
    folders.set(name, folder);
  }
  return folders;
}

function shown(name: string): string {
  return JSON.stringify(printable(name));
}

function withHash(name: string): string {
  const kept = name.replaceAll(/[^A-Za-z0-9_]+/g, '-').slice(0, 40);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${/^\w/.test(kept) ? '' : 'model'}${kept}-${hash}`.replaceAll(/-+/g, '-');
}
