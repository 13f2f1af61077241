// What is checked of a server: the model that it has, or each of several, with the golden predictions of its own.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Golden, readGolden } from '../../model/golden.ts';
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
}

/** What the index of a server says of a version of a model. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

type Options = Pick<VerifyArguments, 'golden' | 'goldenFile' | 'modelsDir' | 'models' | 'version'>;

/** The one model that `--golden` is of; undefined where there is none. */
export function onlySubject(options: Options): Subject | undefined {
  const { golden, goldenFile = '', models, version } = options;
  if (golden === undefined) return undefined;
  const [name] = models;
  return {
    label: name ?? '',
    name,
    version: undefined,
    expected: version,
    goldenFile,
    golden,
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

/** @throws NotServed, or ModelLoadError where golden.json cannot be read */
export async function subjectOf(
  { name, version, state, reason }: IndexEntry,
  { modelsDir = '', version: expected }: Options,
): Promise<Subject> {
  if (state !== 'READY') throw new NotServed(reason);
  const ofModel = folderIn(modelsDir, name);
  const ofVersion = path.join(ofModel, version);
  const isNumbered = /^[1-9]\d*$/.test(version) && (await isFolder(ofVersion));
  const goldenFile = path.join(isNumbered ? ofVersion : ofModel, 'golden.json');
  return {
    label: labelOf({ name, version }),
    name,
    version: isNumbered ? version : undefined,
    expected: isNumbered ? version : expected,
    goldenFile,
    golden: await readGolden(goldenFile),
  };
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

/** @throws Error for a name that would lead elsewhere: a server may say anything */
function folderIn(parent: string, name: string): string {
  const folder = path.join(parent, name);
  if (path.dirname(folder) !== path.normalize(parent).replace(/(.)\/$/, '$1'))
    throw new Error(`${quote(name)} is no name of a folder`);
  return folder;
}

async function isFolder(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
}
