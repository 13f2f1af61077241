// A model from where it is into a directory: found, downloaded beside what is there, and put into its place when it is whole and checked.
import { hash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { shown } from '../net/shown-url.ts';
import { CommandError } from '../util/command-error.ts';
import { unpack } from './archive.ts';
import { type Attempts, type Limits, persist } from './attempts.ts';
import { isDiskFull } from './disk-full.ts';
import { isFilled } from './mark.ts';
import { modelFolder, onlyModel } from './model-folder.ts';
import { openModel } from './open.ts';
import { isHidden } from './paths.ts';
import type { RemoteFile, RemoteModel } from './remote.ts';
import { replaceModel } from './replace.ts';
import { type Progress, type Transferred, transfer } from './transfer.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

/** What says where a model came from, beside it. */
export const LOCK_FILE = 'model.lock.json';

export interface Wanted {
  readonly uri: string;
  /** In hex, of the file or archive; undefined: whatever comes is right. */
  readonly sha256: string | undefined;
  readonly directory: string;
  /** What the directory was named by, for errors. */
  readonly variable: string;
  /** Whether it gets a folder for each of several models. */
  readonly several: boolean;
  readonly limits: Limits;
  readonly env: NodeJS.ProcessEnv;
  /** Is told what is done. */
  readonly say: (line: string) => void;
  /** @param total bytes, where the store tells */
  readonly progress: (total: number | undefined) => Progress;
}

/** @throws CommandError with what was expected, what came, and how to go on; then the directory is as it was */
export async function fetchInto(wanted: Wanted): Promise<void> {
  const { directory, variable, sha256, say, limits } = wanted;
  const what = wanted.several ? 'models' : 'model';
  const name = shownUri(wanted.uri);
  try {
    if (sha256 !== undefined && (await isFilled(directory, sha256))) {
      say(`${directory} holds the ${what} with the SHA-256 ${sha256} already.`);
      return;
    }
    const attempts = { name, limits, end: AbortSignal.timeout(limits.timeoutMs), say };
    const remote = await persist(attempts, (signal) => openModel(wanted.uri, wanted.env, signal));
    const pinned = remote.revision && hash('sha256', `${remote.resolved}\n${remote.revision}`);
    if (sha256 === undefined && pinned !== undefined && (await isFilled(directory, pinned))) {
      say(`${directory} holds the ${what} from ${remote.resolved} already.`);
      return;
    }
    const workplace = await openWorkplace(directory).catch(cannotWrite(wanted));
    try {
      await bring(wanted, remote, pinned, attempts, workplace);
    } finally {
      await workplace.close();
    }
  } catch (error) {
    if (!isDiskFull(error)) {
      if (error instanceof Error && 'syscall' in error) cannotWrite(wanted)(error);
      throw error;
    }
    throw new CommandError(
      `${variable}: ${directory} has no room for the model from ${name}. What it held is unchanged. Give it more space: the download, and what an archive holds, lie there beside the model that they replace.`,
    );
  }
}

async function bring(
  wanted: Wanted,
  remote: RemoteModel,
  pinned: string | undefined,
  attempts: Attempts,
  workplace: Workplace,
): Promise<void> {
  const { directory, several, sha256: expected, say } = wanted;
  const { files, archive } = chosen(remote, attempts.name, wanted);
  const folder = path.join(workplace.folder, 'download');
  await mkdir(folder);
  const total = files.every(({ size }) => size !== undefined)
    ? files.reduce((sum, { size = 0 }) => sum + size, 0)
    : undefined;
  const transferred = await transfer(files, folder, attempts, wanted.progress(total));
  const [first] = transferred;
  if (expected !== undefined && first?.sha256 !== expected)
    throw new CommandError(
      `The file at ${attempts.name} has the SHA-256 ${first?.sha256}; MODEL_SHA256 expects ${expected}. Nothing was changed. Check the URL, or set the new sum.`,
    );
  const model = archive
    ? await unpack(
        path.join(folder, first?.path ?? ''),
        path.join(workplace.folder, 'model'),
        attempts.name,
        attempts.limits.maxBytes,
        several,
      )
    : folder;
  await writeFile(path.join(model, LOCK_FILE), lockFile(wanted, remote, transferred, archive));
  const identity = expected ?? pinned ?? first?.sha256 ?? '';
  const sums = new Map(archive ? [] : transferred.map((file) => [file.path, file.sha256]));
  await replaceModel(directory, workplace, { folder: model, sha256: identity, sums }, say);
  const by =
    expected ?? (first !== undefined && transferred.length === 1 ? first.sha256 : undefined);
  say(
    `${directory} holds the ${several ? 'models' : 'model'} from ${remote.resolved}, ${by === undefined ? `revision ${remote.revision}` : `SHA-256 ${by}`}.`,
  );
}

/** The files to download, by their paths in the model directory, or the archive that they are in. */
function chosen(
  { files: all }: RemoteModel,
  name: string,
  { several, sha256 }: Pick<Wanted, 'several' | 'sha256'>,
): { files: readonly RemoteFile[]; archive: boolean } {
  const [only, other] = all;
  if (only !== undefined && other === undefined && isArchive(only.path))
    return { files: all, archive: true };
  const files = all.filter((file) => !isHidden(file.path));
  const [, second] = files;
  if (sha256 !== undefined && second !== undefined)
    throw new CommandError(
      `MODEL_SHA256 is set, and ${name} has ${files.length} files; expected an .onnx file or an archive: the sum is of one file. Leave it out, or name the archive.`,
    );
  if (!several) return { files: onlyModel(files, name), archive: false };
  const folder = modelFolder(
    files.map((file) => file.path),
    name,
    true,
  );
  const start = folder === '.' ? '' : `${folder}/`;
  return {
    files: files
      .filter((file) => file.path.startsWith(start))
      .map((file) => ({ ...file, path: file.path.slice(start.length) })),
    archive: false,
  };
}

export function isArchive(file: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/.test(file);
}

function lockFile(
  { uri }: Wanted,
  { resolved, revision, details }: RemoteModel,
  files: readonly Transferred[],
  archive: boolean,
): string {
  const lock = {
    uri: shownUri(uri),
    resolved,
    revision,
    details,
    ...(archive ? { archive: files[0] } : { files }),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    fetchedAt: new Date().toISOString(),
  };
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

/** A URI as it may be logged: without what may be a secret. */
export function shownUri(uri: string): string {
  if (/^https?:/.test(uri) && URL.canParse(uri)) return shown(new URL(uri));
  return uri.replace(/\?.*/s, '?…').replace(/^([a-z0-9+.-]+:\/\/)[^/]*:[^/]*@/, '$1');
}

function cannotWrite({ variable, directory }: Wanted): (error: Error) => never {
  return (error) => {
    if (isDiskFull(error)) throw error;
    throw new CommandError(`${variable}: ${directory} cannot be written: ${error.message}`);
  };
}
