// What is checked of a server: the model that it has, or each of several, with the golden predictions of its own.
import path from 'node:path';
import { type Golden, readGolden } from '../../model/golden.ts';
import { isVersion, type ModelPlace } from '../../serving/load/models-dir.ts';
import { UNLOADED } from '../../serving/slot.ts';
import { quote } from '../../util/quote.ts';
import type { VerifyArguments } from './arguments.ts';

/** A version of a model to check. */
export interface Subject {
  /** For the report; empty for the model of calls that name none. */
  readonly label: string;
  /** Of the model; undefined for calls that name none. */
  readonly name: string | undefined;
  /** For calls that name a version; undefined for those that do not. */
  readonly version: string | undefined;
  /** The version that answers must come from; undefined: any. */
  readonly expected: string | undefined;
  /** Where golden.json is, or would be. */
  readonly goldenFile: string;
  /** Undefined where there is none. */
  readonly golden: Golden | undefined;
  /** Whether `--models-dir` does not have it. */
  readonly isOnlyServed: boolean;
}

/** What the index of a server says of a version of a model. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

type Options = Pick<
  VerifyArguments,
  'golden' | 'goldenFile' | 'modelsDir' | 'places' | 'models' | 'version'
>;

/** The one model that `--golden` is of; undefined where there is none. */
export function onlySubject(options: Options): Subject | undefined {
  const { golden, goldenFile, models, version } = options;
  if (goldenFile === undefined) return undefined;
  const [name] = models;
  return {
    label: name ?? '',
    name,
    version: undefined,
    expected: version,
    goldenFile,
    golden,
    isOnlyServed: false,
  };
}

/**
 * The versions of models that are to be checked, of those in a server's index.
 * @throws Error where one that was asked for is not among them
 */
export function chosen(index: readonly IndexEntry[], { models }: Options): IndexEntry[] {
  if (index.length === 0) throw new Error('the server has no models');
  const known = new Set(index.map(({ name }) => name));
  const missing = models.filter((name) => !known.has(name));
  if (missing.length > 0)
    throw new Error(
      `there is no model ${missing.map(quote).join(', ')}; the server has ${[...known].map(quote).join(', ')}`,
    );
  return index.filter(({ name }) => models.length === 0 || models.includes(name));
}

/**
 * What is to be checked of a version of a model. Which versions a model has, the server's index says.
 * @throws NotServed, or ModelLoadError where golden.json cannot be read
 */
export async function subjectOf(
  entry: IndexEntry,
  index: readonly IndexEntry[],
  options: Options,
): Promise<Subject> {
  const { name, version, state, reason } = entry;
  if (name !== path.basename(name) || ['', '.', '..'].includes(name))
    throw new Error(`${quote(name)} is not the name of a folder`); // a server may say anything
  if (state !== 'READY') throw new NotServed(reason);
  const place = placeOf(entry, index, options);
  const isOfVersion = hasVersions(entry, index, place);
  const goldenFile = path.join(
    place?.directory ?? path.join(options.modelsDir ?? '', name, isOfVersion ? version : ''),
    'golden.json',
  );
  return {
    label: labelOf(entry),
    name,
    version: isOfVersion ? version : undefined,
    expected: isOfVersion ? version : options.version,
    goldenFile,
    golden: place && (await readGolden(goldenFile)),
    isOnlyServed: place === undefined,
  };
}

/** The models of `--models-dir` that a server's index has not, of those that are to be checked. */
export function unknownTo(index: readonly IndexEntry[], options: Options): string[] {
  const { models, places } = options;
  const known = new Set(index.map((entry) => placeOf(entry, index, options)));
  return places
    .filter(({ name = '' }) => models.length === 0 || models.includes(name))
    .filter((place) => !known.has(place))
    .map(({ name = '', version = '' }) => labelOf({ name, version }));
}

/** Where the golden predictions are of what an index has; undefined where `--models-dir` has no such model, or version of it. */
function placeOf(
  { name, version }: IndexEntry,
  index: readonly IndexEntry[],
  { places }: Pick<Options, 'places'>,
): ModelPlace | undefined {
  const ofModel = places.filter((place) => place.name === name);
  const isOnly = index.filter((entry) => entry.name === name).length === 1;
  return ofModel.find((place) =>
    place.version === undefined ? isOnly : place.version === version,
  );
}

/** Whether a model has a folder for each of its versions: they are its own then, not that of the server. */
function hasVersions(
  { name, version }: IndexEntry,
  index: readonly IndexEntry[],
  place: ModelPlace | undefined,
): boolean {
  if (place !== undefined) return place.version !== undefined;
  return isVersion(version) || index.filter((entry) => entry.name === name).length > 1;
}

/** A model that a server has, and does not serve. */
export class NotServed extends Error {
  override readonly name = 'NotServed';
  /** Somebody has decided so. */
  readonly isMeant: boolean;

  constructor(reason: string) {
    super(`the model is not served: ${reason}`);
    this.isMeant = reason === UNLOADED;
  }
}

export function labelOf({ name, version }: Pick<IndexEntry, 'name' | 'version'>): string {
  return `${name} ${version}`.trim();
}

/** Below an address, what is of a subject: see docs/several-models.md. */
export function pathOf({ name, version }: Subject): string {
  if (name === undefined) return '';
  const ofVersion = version === undefined ? '' : `/versions/${version}`;
  return `/models/${encodeURIComponent(name)}${ofVersion}`;
}
