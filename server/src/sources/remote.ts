// What a store offers of a model: its files, pinned to one revision. A store says what it has and hands out bytes; attempts, parallel
// transfers, limits, checks and progress are the same for all of them and happen elsewhere.
import { CommandError } from '../util/command-error.ts';

/** What is wanted of a place: its ONNX model, a folder for each of several, or all files as they lie, for servers of other kinds. */
export type Form = 'model' | 'models' | 'files';

export interface RemoteModel {
  /** Where the same bytes can be had again, pinned and without secrets: `hf://owner/repo@COMMIT`, `oci://host/repo@sha256:…`. */
  readonly resolved: string;
  /** Changes whenever a file does: a commit, a digest, a version of a registry, or a hash over the ETags of the files. Undefined where nothing says so: then the SHA-256 does. */
  readonly revision: string | undefined;
  readonly files: readonly RemoteFile[];
  /** Where the files hold those of the model packed: what makes these of them, once they are downloaded. */
  readonly unpack?: Unpack;
  /** What else identifies it, such as an MLflow run; no secrets. */
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * Makes the files of a model of those that were downloaded.
 * @param downloaded the folder with the files, by their paths
 * @param folder for the model; not there yet
 * @returns the model directory, in it
 * @throws CommandError where they hold no model, or too much
 */
export type Unpack = (downloaded: string, folder: string, to: Unpacking) => Promise<string>;

export interface Unpacking {
  /** Of the model, for errors. */
  readonly name: string;
  readonly form: Form;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface RemoteFile {
  /** Relative to the model directory, with `/` between names. Not trusted: the store's owner chose it. */
  readonly path: string;
  /** Bytes, where the store tells. */
  readonly size?: number;
  /** In hex, where the store tells. */
  readonly sha256?: string;
  /** Whether a large one is to be read in several parts at a time: the store can, and pins it, so that all are of the same bytes. */
  readonly hasParts?: boolean;
  /**
   * Its bytes from an offset on.
   * @param from byte to begin at; a store that cannot begin there begins at 0 and says so
   * @param to the byte that follows the last one that is wanted; a store that cannot end there sends all
   * @throws CommandError where no further attempt can help: not found, denied, changed since it was listed; any other error is retried,
   * a StartOverError from the first byte on
   */
  read(from: number, signal: AbortSignal, to?: number): Promise<RemoteBytes>;
}

export interface RemoteBytes {
  /** The byte that they begin at. */
  readonly from: number;
  /** Whether they are what was asked for, and not the whole file. */
  readonly isPart?: boolean;
  /** Changes when the file does, where the store tells. */
  readonly tag?: string | undefined;
  /** Of the whole file, where the store tells it only now. */
  readonly size?: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What reading fails with where nothing can follow what has come: the next attempt begins anew. */
export class StartOverError extends Error {}

/** What reading fails with where the file is no longer the one that was listed: a model is not made of two. */
export class ReplacedError extends CommandError {
  /** @param name of the file, at the start of a sentence */
  constructor(name: string) {
    super(
      `${name} was replaced or removed while it was downloaded. Nothing was changed. Try again.`,
    );
  }
}

/** One scheme's store. Its module, and what that imports, is loaded only where the scheme is used. */
export interface Store {
  /**
   * Finds what a URI names, and pins it.
   * @param env of the process: credentials come by the provider's own default chain, and none is invented here
   * @param form `model` where it is left out; a store that knows which of its files are the ONNX model brings no others then
   * @throws CommandError that names what to change: the URI, a permission, a region, a token, an endpoint
   */
  open(uri: string, env: NodeJS.ProcessEnv, signal: AbortSignal, form?: Form): Promise<RemoteModel>;
}
