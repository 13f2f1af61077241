// What stores of objects have in common: a name is an object's, or a folder's only because objects begin with it.
import { createHash } from 'node:crypto';

export interface StoredObject {
  readonly name: string;
  readonly size: number;
  /** Changes with its content: a generation, an ETag. */
  readonly tag: string;
}

/** The name of a single object in the model directory: it is the model, or an archive that keeps its name. */
export function ownName(name: string): string {
  return name.endsWith('.onnx') ? 'model.onnx' : name.slice(name.lastIndexOf('/') + 1);
}

/** A hash over all names and tags. */
export function revisionOf(objects: readonly StoredObject[]): string {
  const hash = createHash('sha256');
  const lines = objects.map(({ name, tag }) => `${JSON.stringify(name)} ${tag}\n`);
  for (const line of lines.sort()) hash.update(line);
  return hash.digest('hex');
}

/** Consoles make objects of no bytes for folders that somebody made by hand. */
export function isPlaceholder({ name }: Pick<StoredObject, 'name'>): boolean {
  return name.endsWith('/');
}
