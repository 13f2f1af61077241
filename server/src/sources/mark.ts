// What says which model fills a directory: the SHA-256 of what was downloaded, or of where it came from with its revision, then what it was
// asked for by, and a line of `sha256sum` for every file.
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isHidden } from './paths.ts';
import { sha256Of } from './sha256.ts';

export const MARK = '.model-sha256';
/** Lines for as many files as a model may have, of the longest paths. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface Mark {
  /** Of the download, or of its place and revision; undefined while files are being changed. */
  readonly sha256: string | undefined;
  /** Of what was asked for (`originOf`); undefined in marks of earlier releases, and while files are being changed. */
  readonly origin?: string | undefined;
  /** The files that it brought, by their paths in the directory; empty in marks of earlier releases. */
  readonly files: ReadonlyMap<string, string>;
}

export async function readMark(directory: string): Promise<Mark | undefined> {
  const file = path.join(directory, MARK);
  // Others can write to the volume: a pipe has no end, and a large file was not written here.
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile() || found.size > MOST_BYTES) return undefined;
  const text = await readFile(file, 'utf8');
  const [sha256, ...lines] = text.split('\n');
  const [, origin] = /^origin ([0-9a-f]{64})$/.exec(lines[0] ?? '') ?? [];
  const files = new Map<string, string>();
  for (const line of lines) {
    const [, sum, file] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    // No path may lead out of the directory; links on the way are looked for where files are changed.
    if (sum !== undefined && file !== undefined && isInside(file)) files.set(file, sum);
  }
  return { sha256: /^[0-9a-f]{64}$/.test(sha256 ?? '') ? sha256 : undefined, origin, files };
}

/** Writes a mark that is on the disk when it returns. */
export async function writeMark(file: string, { sha256, origin, files }: Mark): Promise<void> {
  const asked = origin === undefined ? '' : `origin ${origin}\n`;
  const lines = [...files].map(([name, sum]) => `${sum}  ${name}\n`).join('');
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(`${sha256 ?? 'being changed'}\n${asked}${lines}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether a directory holds the model of this SHA-256, every file as it came. */
export async function isFilled(directory: string, sha256: string): Promise<boolean> {
  const mark = await readMark(directory);
  if (mark?.sha256 !== sha256 || mark.files.size === 0) return false;
  for (const [file, sum] of mark.files)
    if ((await sha256Of(path.join(directory, file)).catch(() => undefined)) !== sum) return false;
  return true;
}

function isInside(file: string): boolean {
  return (
    !path.isAbsolute(file) &&
    !isHidden(file) &&
    !file.split('/').some((part) => part === '..' || part === '.' || part === '')
  );
}
