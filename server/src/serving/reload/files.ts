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

/** Names, places, sizes and times: cheap to ask for every few seconds, and another wherever something was written. */
export async function stateOf(directory: string): Promise<string> {
  try {
    const states = (await filesOf(directory)).map(async (name) => {
      const { ino, size, mtimeNs } = await stat(path.join(directory, name), { bigint: true });
      return `${name} ${ino} ${size} ${mtimeNs}`;
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

/** Relative paths, in order; links are followed. */
async function filesOf(directory: string, below = ''): Promise<string[]> {
  const names = (await readdir(path.join(directory, below))).filter(
    (name) => !name.startsWith('.'),
  );
  const found = await Promise.all(
    names.sort().map(async (name) => {
      const relative = path.join(below, name);
      const isDirectory = (await stat(path.join(directory, relative))).isDirectory();
      return isDirectory ? filesOf(directory, relative) : [relative];
    }),
  );
  return found.flat();
}
