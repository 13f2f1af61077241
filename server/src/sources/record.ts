// model.lock.json, which says where a model came from: what those who serve the model read of it.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRecord } from '../util/is-record.ts';
import { sha256Of } from './sha256.ts';
import { shownUri } from './shown-uri.ts';

/** What says where a model came from, beside it, or beside the folders of several. */
export const LOCK_FILE = 'model.lock.json';

export interface Source {
  /** As it was named, without secrets; undefined where it was a path of a machine. */
  readonly uri: string | undefined;
  /** What that meant when it was fetched; undefined with `uri`. */
  readonly resolved: string | undefined;
  /** The store's word for this state of it, such as an ETag, a commit or a digest. */
  readonly revision: string | undefined;
  /** Of model.onnx, in hex. */
  readonly sha256: string;
  readonly fetchedAt: string;
}

/** Of 10,000 files, the most that are fetched. */
const MAX_BYTES = 16 * 2 ** 20;
const MAX_CHARACTERS = 4000;

/**
 * @param directory of a model, which may be one of several that came together
 * @returns undefined where no record tells of model.onnx, or where that is another file than what was fetched
 */
export async function sourceOf(directory: string): Promise<Source | undefined> {
  const file = path.resolve(directory, 'model.onnx');
  let place = path.dirname(file);
  for (let depth = 0; depth < 3; depth++, place = path.dirname(place)) {
    const record = await read(path.join(place, LOCK_FILE));
    const sha256 = record && sumOf(record, path.relative(place, file));
    if (record === undefined || sha256 === undefined) continue;
    const fetchedAt = textOf(record, 'fetchedAt') ?? '';
    const isSame = (await sha256Of(file).catch(() => undefined)) === sha256;
    return isSame && isTime(fetchedAt) ? { ...placeOf(record), sha256, fetchedAt } : undefined;
  }
  return undefined;
}

/** Anything may lie there under that name. */
async function read(file: string): Promise<Record<string, unknown> | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    const record: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function sumOf({ files }: Record<string, unknown>, name: string): string | undefined {
  if (!Array.isArray(files)) return undefined;
  const entry: unknown = files.find((file) => isRecord(file) && file['path'] === name);
  return isRecord(entry) ? textOf(entry, 'sha256') : undefined;
}

function isOfStore(uri: string): boolean {
  return /^(?!file:)(?:[a-z][a-z0-9+.-]*:\/\/|models:\/)/i.test(uri);
}

/** Clients are told no path of a machine, and no secret, whoever wrote the record. */
function placeOf(record: Record<string, unknown>): Pick<Source, 'uri' | 'resolved' | 'revision'> {
  const revision = textOf(record, 'revision');
  const [uri, resolved] = [textOf(record, 'uri'), textOf(record, 'resolved')];
  if (uri === undefined || resolved === undefined || ![uri, resolved].every(isOfStore))
    return { uri: undefined, resolved: undefined, revision: undefined };
  return { uri: shownUri(uri), resolved: shownUri(resolved), revision };
}

/** As `fetch` writes it, which is what the contract says. */
function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function textOf(record: Record<string, unknown>, field: string): string | undefined {
  const value = record[field];
  return typeof value === 'string' &&
    /^[\x20-\x7e\u00a0-\ud7ff]+$/.test(value) &&
    value.length <= MAX_CHARACTERS
    ? value
    : undefined;
}
