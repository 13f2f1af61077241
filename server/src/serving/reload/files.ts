// The files of a model's directory, as far as they tell one model from another. Names that begin with a dot are not the model's:
// whoever writes into the directory keeps its own there, as kubelets do and as `fetch-model` does.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** What a directory holds at a moment. */
export interface Held {
  readonly state: string;
  /** Undefined where it cannot be read. */
  readonly content: string | undefined;
}

export async function heldBy(directory: string): Promise<Held> {
  const state = await stateOf(directory);
  return { state, content: await contentOf(directory).catch(() => undefined) };
}

/**
 * Names, places, sizes, and when what was last changed: cheap to ask for every few seconds, and another wherever something was
 * written, or may be read that could not.
 */
export async function stateOf(directory: string): Promise<string> {
  try {
    const states = (await filesOf(directory)).map(async (name) => {
      const { ino, size, ctimeNs } = await stat(path.join(directory, name), { bigint: true });
      return `${name} ${ino} ${size} ${ctimeNs}`;
    });
    return (await Promise.all(states)).join('\n');
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : error}`;
  }
}

/** A hash of names and contents: the same wherever the same was written once more. */
export async function contentOf(directory: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await filesOf(directory)) {
    hash.update(`${name}\0`);
    for await (const chunk of createReadStream(path.join(directory, name))) hash.update(chunk);
  }
  return hash.digest('hex');
}

/**
 * Relative paths, in order. Links to files are followed, since volumes have such; links to directories are not, which may lead round
 * in circles. What is no file, such as a pipe, has no end and no content.
 */
async function filesOf(directory: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(directory, below), { withFileTypes: true });
  const found = entries
    .filter(({ name }) => !name.startsWith('.'))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(async (entry) => {
      const relative = path.join(below, entry.name);
      if (entry.isDirectory()) return filesOf(directory, relative);
      return (await stat(path.join(directory, relative))).isFile() ? [relative] : [];
    });
  return (await Promise.all(found)).flat();
}
