// What an archive of a model may hold. An archive is trusted no further than its SHA-256 goes: whoever made it may have erred.
import type { ReadEntry } from 'tar';
import { CommandError } from '../util/command-error.ts';
import { counted } from '../util/counted.ts';
import { createPaths, isHidden } from './paths.ts';

/** Headers and padding of that many files, and what is skipped. */
const MOST_OVERHEAD_BYTES = 32 * 1024 * 1024;

export interface EntryRules {
  /** Whether to unpack an entry; gives it the permissions of its kind. */
  admit(entry: ReadEntry): boolean;
  /**
   * Why to stop, if there is a reason.
   * @param bytes of the archive that have been read since the last call
   */
  problem(bytes: number): CommandError | undefined;
}

/** Names what holds links, in a sentence on what it lacks: that may be what they lead to. @param what at the start of a sentence */
export function withoutLinks(what: string, links: number): string {
  return links === 0 ? what : `${what}, without its ${counted(links, 'link')},`;
}

export interface ArchiveRules extends EntryRules {
  /** How many links were left out so far. */
  links(): number;
}

/** @param archive names it at the start of a sentence */
export function createEntryRules(archive: string, maxBytes: number): ArchiveRules {
  const paths = createPaths();
  let content = 0;
  let links = 0;
  let read = 0;
  let problem: CommandError | undefined;

  const refuse = (why: string) => {
    problem ??= new CommandError(`${archive} ${why}. Nothing was changed.`);
  };

  return {
    admit(entry) {
      // Links and devices are left out: a model directory has none, and they could lead elsewhere.
      if (/Link$/.test(entry.type)) links++;
      if (entry.type !== 'File' && entry.type !== 'Directory') return false;
      const kind = entry.type === 'File' ? 'file' : 'directory';
      entry.mode = kind === 'file' ? 0o644 : 0o755;
      content += entry.size;
      if (content > maxBytes)
        refuse(`holds more than the ${maxBytes} bytes that FETCH_MAX_BYTES allows`);
      if (isHidden(entry.path)) return false;
      const wrong = paths.add(entry.path, kind);
      if (wrong !== undefined) refuse(wrong);
      return problem === undefined;
    },
    problem(bytes) {
      read += bytes;
      if (read > content + MOST_OVERHEAD_BYTES)
        refuse(
          `has more than ${MOST_OVERHEAD_BYTES} bytes that belong to no file; expected a tar archive of a model directory`,
        );
      return problem;
    },
    links: () => links,
  };
}
