// Which models a server has, by its index.
import { addressIn } from './address.ts';
import { CliError } from './cli-error.ts';
import { fetched } from './fetched.ts';
import { printable } from './printable.ts';

/** A model of a server. */
export interface IndexedModel {
  /** As the server says it. */
  readonly name: string;
  /** Where it has all that it would have alone. */
  readonly address: string;
  /** A name that cannot stand in a path, in one line; undefined where it can. */
  readonly unusable: string | undefined;
  /** Why calls get no response from any of its versions, in one line; undefined where they do. */
  readonly unavailable: string | undefined;
}

export interface ModelIndex {
  /** The server's address, without a slash at the end. */
  readonly server: string;
  /** By name, in the order of their UTF-16 code units: whatever order the server has, the same is generated. */
  readonly models: readonly IndexedModel[];
}

/** Longest name of a folder, in bytes, where files are. */
const LONGEST_NAME = 255;

/** @throws CliError that names what is wrong with the address, or the index */
export async function fetchModelIndex(
  from: string,
  apiKey: string | undefined,
): Promise<ModelIndex> {
  const server = addressIn('--from', from, 'http://ml.local');
  const address = `${server}/v2/repository/index`;
  const { ok, status, text } = await fetched(address, { method: 'POST', apiKey });
  if (status === 401)
    throw new CliError(
      apiKey === undefined
        ? `${address} answered 401: the server requires an API key. Name a file that has one with --api-key-file.`
        : `${address} answered 401: the server does not know the API key of --api-key-file.`,
    );
  if (!ok)
    throw new CliError(
      `${address}, the index of a server's models, answered ${status}. Is --from the address of an ml-api server? Without --all, its default model is generated.`,
    );
  const models = modelsIn(parsed(text), server);
  if (models === undefined)
    throw new CliError(
      `${address} is not an index of models: expected a list of names, versions and states. Is --from the address of an ml-api server?`,
    );
  if (models.length === 0) throw new CliError(`${server} has no models, so nothing was written.`);
  return { server, models };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A version of a model, as the index has it. */
interface Entry {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

/** @returns undefined where the index is none */
function modelsIn(index: unknown, server: string): IndexedModel[] | undefined {
  if (!Array.isArray(index)) return undefined;
  const versions = new Map<string, Entry[]>();
  for (const entry of index) {
    if (!isEntry(entry)) return undefined;
    const { name } = entry;
    const known = versions.get(name);
    if (known === undefined) versions.set(name, [entry]);
    else known.push(entry);
  }
  return [...versions]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, entries]) => ({
      name,
      address: `${server}/models/${encodeURIComponent(name.toWellFormed())}`,
      unusable: canBeServed(name) ? undefined : printable(name),
      unavailable: whyUnavailable(entries),
    }));
}

function isEntry(entry: unknown): entry is Entry {
  const has = (field: string) => typeof Reflect.get(Object(entry), field) === 'string';
  return has('name') && has('state') && has('reason');
}

/** The routes of a model are those of its latest version that is served: one is enough. */
function whyUnavailable(versions: readonly Entry[]): string | undefined {
  if (versions.some(({ state }) => state === 'READY')) return undefined;
  return printable(versions.at(-1)?.reason ?? '', 300) || 'the server accepts no calls.';
}

/** `.` and `..` would be other paths, and a surrogate alone is no text. */
function canBeServed(name: string): boolean {
  return (
    name.isWellFormed() &&
    !/\p{Cc}/u.test(name) &&
    !['', '.', '..'].includes(name) &&
    Buffer.byteLength(name) <= LONGEST_NAME
  );
}
