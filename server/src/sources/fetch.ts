// A model from where it is into a directory: found, downloaded beside what is there, and put into its place when it is whole and checked.
import { hash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../util/command-error.ts';
import { isGitLfsPointer, isText, ONNX_FILE, startOf } from '../util/not-a-model.ts';
import { whyUnreadable } from '../util/why-unreadable.ts';
import { unpackArchive } from './archive.ts';
import { type Attempts, type Limits, persist, tookTooLong } from './attempts.ts';
import { isDiskFull } from './disk-full.ts';
import { hasEarlier, noteOrigin, originOf, type Wish } from './earlier.ts';
import { isFilled } from './mark.ts';
import { MODEL_FILE, modelFiles } from './model-folder.ts';
import { openModel } from './open.ts';
import { isHidden } from './paths.ts';
import type { ShownProgress } from './progress.ts';
import { LOCK_FILE } from './record.ts';
import type { Form, RemoteFile, RemoteModel, Unpack } from './remote.ts';
import { filesOf, replaceModel } from './replace.ts';
import { shownUri } from './shown-uri.ts';
import { type Transferred, transfer } from './transfer.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

export interface Wanted extends Wish {
  /** In hex, of the file or archive; undefined: whatever comes is right. */
  readonly sha256: string | undefined;
  /** What the directory was named by, for errors. */
  readonly variable: string;
  readonly limits: Limits;
  /** Is told what is done. */
  readonly say: (line: string) => void;
  /** @param total bytes, where the store tells */
  readonly progress: (total: number | undefined) => ShownProgress;
}

/** @throws CommandError with what was expected, what came, and how to go on; then the directory is as it was */
export async function fetchInto(wanted: Wanted): Promise<void> {
  try {
    await tellingDisk(wanted, () => fetchModel(wanted));
  } catch (error) {
    if (!(await hasEarlier(wanted, error))) throw error;
  }
}

/** @throws what the disk fails with, as it is, and CommandError */
export async function fetchModel(wanted: Wanted): Promise<void> {
  const { directory, form, sha256, say, limits } = wanted;
  if (sha256 !== undefined && (await isFilled(directory, markOf(form, sha256)))) {
    say(`${directory} holds the ${form} with the SHA-256 ${sha256} already.`);
    return;
  }
  const attempts = {
    name: shownUri(wanted.uri),
    limits,
    end: AbortSignal.timeout(limits.timeoutMs),
    say,
  };
  const { remote, pinned } = await found(wanted, attempts);
  if (sha256 === undefined && pinned && (await isFilled(directory, markOf(form, pinned)))) {
    say(`${directory} holds the ${form} from ${remote.resolved} already.`);
    await noteOrigin(wanted, markOf(form, pinned));
    return;
  }
  await atWorkIn(wanted, (workplace) => bring(wanted, remote, pinned, attempts, workplace));
}

/** What marks the model that is wanted, where that can be known before it is downloaded. @throws CommandError */
export async function markFor(wanted: Wanted): Promise<string | undefined> {
  const { form, sha256, limits, say } = wanted;
  if (sha256 !== undefined) return markOf(form, sha256);
  const name = shownUri(wanted.uri);
  const end = AbortSignal.timeout(limits.timeoutMs);
  const { pinned } = await found(wanted, { name, limits, end, say });
  return pinned && markOf(form, pinned);
}

async function found(
  { uri, env, form }: Wanted,
  attempts: Attempts,
): Promise<{ remote: RemoteModel; pinned: string | undefined }> {
  const opened = await persist(attempts, (signal) => openModel(uri, env, signal, form));
  const pinned = opened.revision && hash('sha256', `${opened.resolved}\n${opened.revision}`);
  return { remote: { ...opened, resolved: shownUri(opened.resolved) }, pinned };
}

/** Works beside what the directory holds. */
export async function atWorkIn(
  wanted: Wanted,
  work: (workplace: Workplace) => Promise<void>,
): Promise<void> {
  const workplace = await openWorkplace(wanted.directory).catch(cannotWrite(wanted));
  try {
    await work(workplace);
  } finally {
    await workplace.close();
  }
}

/** @throws CommandError for what the disk fails with */
export async function tellingDisk(wanted: Wanted, work: () => Promise<void>): Promise<void> {
  const { directory, variable, uri } = wanted;
  try {
    await work();
  } catch (error) {
    if (!isDiskFull(error)) {
      if (error instanceof Error && 'syscall' in error) cannotWrite(wanted)(error);
      throw error;
    }
    throw new CommandError(
      `${variable}: ${directory} has no room for the model from ${shownUri(uri)}. What it held is unchanged. Give it more space: the download, and the contents of an archive, are stored there beside the model that they replace.`,
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
  const { directory, form, sha256: expected, say } = wanted;
  const { files, unpack, archive } = chosen(remote, attempts.name, wanted);
  const folder = path.join(workplace.folder, 'download');
  await mkdir(folder);
  const total = files.every(({ size }) => size !== undefined)
    ? files.reduce((sum, { size = 0 }) => sum + size, 0)
    : undefined;
  const progress = wanted.progress(total);
  const transferred = await transfer(
    files,
    folder,
    { ...attempts, say: progress.say },
    progress.add,
  ).finally(progress.end);
  // MODEL_SHA256 is the sum of a file or an archive as it was sent; of packed layers, of the only file in them.
  const isPacked = remote.unpack !== undefined;
  if (!isPacked) checkSum(transferred, attempts.name, expected);
  const model = unpack ? await unpacked(unpack, folder, workplace, attempts, form) : folder;
  // An archive may have one, too, or a folder of this name.
  await rm(path.join(model, LOCK_FILE), { recursive: true, force: true });
  const inside = unpack ? await listed(model) : transferred;
  if (isPacked) checkSum(inside, attempts.name, expected);
  if (form !== 'files') await checkModels(inside, model, attempts.name);
  const [sent] = archive ? transferred : [];
  await writeFile(path.join(model, LOCK_FILE), lockFile(wanted, remote, inside, sent));
  const [first, second] = isPacked ? inside : transferred;
  const identity = markOf(form, expected ?? pinned ?? first?.sha256 ?? '');
  const sums = new Map(inside.map((file) => [file.path, file.sha256]));
  await replaceModel(
    directory,
    workplace,
    { folder: model, sha256: identity, origin: originOf(wanted), sums },
    say,
  );
  const by = expected ?? (second === undefined ? first?.sha256 : undefined);
  say(
    `${directory} holds the ${form} from ${remote.resolved}, ${by === undefined ? `revision ${remote.revision}` : `SHA-256 ${by}`}.`,
  );
}

/** @returns the model directory */
async function unpacked(
  unpack: Unpack,
  downloaded: string,
  workplace: Workplace,
  { name, limits, end }: Attempts,
  form: Form,
): Promise<string> {
  const { maxBytes } = limits;
  try {
    const folder = path.join(workplace.folder, 'model');
    return await unpack(downloaded, folder, { name, form, maxBytes, signal: end });
  } catch (error) {
    throw error === end.reason ? tookTooLong(name, limits) : error;
  }
}

/** @throws CommandError where what came, a file or an archive, is not the one of the sum */
function checkSum(files: readonly Transferred[], name: string, expected: string | undefined): void {
  if (expected === undefined) return;
  checkSingle(files.length, name);
  const [first] = files;
  if (first?.sha256 !== expected)
    throw new CommandError(
      `The file at ${name} has the SHA-256 ${first?.sha256}; MODEL_SHA256 (or fetch --sha256) expects ${expected}. Nothing was changed. Check the address, or give the new sum.`,
    );
}

/** In bytes: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const LARGEST_POINTER = 1024;

/** @throws CommandError for what an upload that broke off has left, and for what was sent in place of a model */
async function checkModels(
  files: readonly Transferred[],
  folder: string,
  name: string,
): Promise<void> {
  for (const file of files) {
    const isModel = path.basename(file.path) === MODEL_FILE;
    const refuse = (what: string, remedy: string) => {
      const expected = isModel ? ONNX_FILE : 'the file itself';
      throw new CommandError(
        `${file.path} of ${name} is ${what}; expected ${expected}. Nothing was changed. ${remedy}`,
      );
    };
    if (isModel && file.size === 0) refuse('empty', 'Upload it again.');
    if (!isModel && file.size > LARGEST_POINTER) continue;
    const start = await startOf(path.join(folder, file.path));
    if (isGitLfsPointer(start))
      refuse(
        'only a Git LFS pointer',
        'Git LFS keeps the file itself: fetch that one, or run git lfs pull first.',
      );
    if (isModel && isText(start)) refuse('text', 'Open the address to see what is there.');
  }
}

function checkSingle(files: number, name: string): void {
  if (files > 1)
    throw new CommandError(
      `MODEL_SHA256 (or fetch --sha256) is given, and ${name} has ${files} files; expected an .onnx file or an archive: the sum is of one file. Leave it out, or name the archive.`,
    );
}

/** What the mark says: another choice of the same files is something else. */
function markOf(form: Form, sha256: string): string {
  return form === 'model' ? sha256 : hash('sha256', `${sha256}\n${form}`);
}

interface Chosen {
  /** By their paths in the model directory, where nothing has to be unpacked. */
  readonly files: readonly RemoteFile[];
  readonly unpack?: Unpack;
  /** Whether it is an archive. */
  readonly archive: boolean;
}

/** What to download, and what to make of it. */
function chosen(
  { files: all, unpack }: RemoteModel,
  name: string,
  { form, sha256 }: Pick<Wanted, 'form' | 'sha256'>,
): Chosen {
  if (unpack !== undefined) return { files: all, unpack, archive: false };
  const [only, other] = all;
  if (only !== undefined && other === undefined && isArchive(only.path))
    return { files: all, unpack: unpackArchive(only.path), archive: true };
  if (sha256 !== undefined) checkSingle(all.filter((file) => !isHidden(file.path)).length, name);
  return { files: modelFiles(all, name, form), archive: false };
}

export function isArchive(file: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/.test(file);
}

/** What an archive held. */
async function listed(folder: string): Promise<Transferred[]> {
  const sums = [...(await filesOf({ folder, sums: new Map() }))];
  return Promise.all(
    sums.map(async ([name, sha256]) => {
      const { size } = await stat(path.join(folder, name));
      return { path: name, size, sha256 };
    }),
  );
}

function lockFile(
  { uri }: Wanted,
  { resolved, revision, details }: RemoteModel,
  files: readonly Transferred[],
  archive: Transferred | undefined,
): string {
  const lock = {
    uri: shownUri(uri),
    resolved,
    revision,
    details,
    archive,
    files,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    fetchedAt: new Date().toISOString(),
  };
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

/** The system's own words name temporary files. */
function whyUnwritable(error: NodeJS.ErrnoException): string {
  const { message, code = '' } = error;
  switch (code) {
    case 'ENOTDIR':
    case 'EEXIST':
      return `${code}: it is a file, or lies in one; expected a folder, or nothing.`;
    case 'ENOENT':
      return `${code}: it cannot be created, or it is a dangling symbolic link. Check the path.`;
    case 'EROFS':
      return `${code}: the file system is read-only.`;
    case 'EACCES':
    case 'EPERM':
      return whyUnreadable(error);
    default:
      return message;
  }
}

/** What a directory cannot be written for; its cause is what the system says. */
export class UnwritableError extends CommandError {
  readonly directory: string;

  constructor({ variable, directory }: Wanted, cause: Error) {
    super(`${variable}: ${directory} cannot be written: ${whyUnwritable(cause)}`, { cause });
    this.directory = directory;
  }
}

function cannotWrite(wanted: Wanted): (error: Error) => never {
  return (error) => {
    if (isDiskFull(error)) throw error;
    throw new UnwritableError(wanted, error);
  };
}
