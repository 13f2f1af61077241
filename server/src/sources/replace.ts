// Puts a model that lies beside it into the place of the one that a directory holds. Nothing is written but names, so that a full disk
// cannot stop it halfway; where the machine does, the mark says so, and the next fetch begins anew.
import { lstat, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { filesInTheWay, foldersOf } from './in-the-way.ts';
import { withLock } from './lock.ts';
import { MARK, type Mark, readMark, writeMark } from './mark.ts';
import { MODEL_FILE } from './model-folder.ts';
import { isHidden } from './paths.ts';
import { sha256Of } from './sha256.ts';
import type { Workplace } from './workplace.ts';

export const LOCK = '.model-lock';
/** What describes a model. A directory that was filled by hand, or by an earlier release, does not say what came with which. */
const DESCRIPTIONS = ['model.json', 'model.defaults.json', 'golden.json'];

export interface NewModel {
  /** On the volume of the directory. */
  readonly folder: string;
  /** What tells it from others. */
  readonly sha256: string;
  /** Of what was asked for (`originOf`). */
  readonly origin: string;
  /** Of its files, where they are known already. */
  readonly sums: ReadonlyMap<string, string>;
}

/**
 * What came with the model before is removed. Where a file of the user's own is in the way, it is put aside rather than refused: an init
 * container has nobody who could move it, and nothing is lost.
 * @param say is told of files that were put aside
 * @throws CommandError, before anything is changed, where what is in the way can be neither replaced nor put aside
 */
export async function replaceModel(
  directory: string,
  workplace: Workplace,
  model: NewModel,
  say: (line: string) => void,
): Promise<void> {
  const files = await filesOf(model);
  const names = new Set(files.keys());
  const mark = path.join(workplace.folder, 'mark');
  await writeMark(mark, { sha256: model.sha256, origin: model.origin, files });
  // Its own names are files, too.
  await filesInTheWay(directory, new Set([MARK, LOCK]), new Set());
  const replace = async () => {
    const before = await readMark(directory);
    const fetched = fetchedBefore(before, names);
    const aside = [
      ...(await filesInTheWay(directory, names, fetched)),
      ...(hasFiles(before) ? [] : descriptionsBeside(names).filter((file) => !names.has(file))),
    ];
    // Before the mark says that files of these names came with a model: what is left when the machine stops is not taken for that.
    await putAside(directory, aside, names, say);
    // While there may be no room for it; where a file is in the way, below, once that is gone.
    for (const file of names)
      await mkdir(path.dirname(path.join(directory, file)), { recursive: true }).catch(
        unlessInTheWay,
      );
    const changing = path.join(workplace.folder, 'changing');
    await writeMark(changing, {
      sha256: undefined,
      files: new Map([...(before?.files ?? []), ...files]),
    });
    await rename(changing, path.join(directory, MARK));
    for (const file of fetched) if (!names.has(file)) await removeFile(directory, file);
    for (const file of names) {
      const target = path.join(directory, file);
      await mkdir(path.dirname(target), { recursive: true });
      await rename(path.join(model.folder, file), target);
      await syncNames(path.dirname(target));
    }
    await rename(mark, path.join(directory, MARK));
    await syncNames(directory);
  };
  await withLock(path.join(directory, LOCK), workplace, replace, { say });
}

/** The files of a mark. Where 0.1.0 has written it, it names none; what that release had fetched is a model.onnx in any case. */
function fetchedBefore(before: Mark | undefined, names: ReadonlySet<string>): ReadonlySet<string> {
  if (before === undefined || hasFiles(before)) return new Set(before?.files.keys());
  return new Set([...names].filter((file) => path.basename(file) === MODEL_FILE));
}

function hasFiles(mark: Mark | undefined): boolean {
  return mark !== undefined && mark.files.size > 0;
}

/** The files of a model with their sums, each on the disk. */
export async function filesOf({
  folder,
  sums,
}: Pick<NewModel, 'folder' | 'sums'>): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.relative(folder, path.join(entry.parentPath, entry.name));
    if (!entry.isFile() || isHidden(file)) continue;
    await sync(path.join(folder, file));
    files.set(file, sums.get(file) ?? (await sha256Of(path.join(folder, file))));
  }
  return files;
}

/** Where files would be that describe the models among these files. */
function descriptionsBeside(names: ReadonlySet<string>): string[] {
  return [...names]
    .filter((file) => path.basename(file) === MODEL_FILE)
    .flatMap((file) =>
      DESCRIPTIONS.map((description) => path.join(path.dirname(file), description)),
    );
}

async function removeFile(directory: string, file: string): Promise<void> {
  // Whoever has put a folder in its place keeps it.
  await unlink(path.join(directory, file)).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM'].includes(error.code ?? '')) throw error;
  });
  // Folders that it leaves empty; one that holds something else stays.
  for (const folder of foldersOf(file).reverse())
    await rmdir(path.join(directory, folder)).catch(() => {});
}

/** @param names of the model's own files, which take them and the folders on the way */
async function putAside(
  directory: string,
  files: readonly string[],
  names: ReadonlySet<string>,
  say: (line: string) => void,
): Promise<void> {
  const taken = new Set([...names].flatMap((name) => [name, ...foldersOf(name)]));
  for (const file of files) {
    const from = path.join(directory, file);
    if (!(await exists(from))) continue;
    let aside = `${file}.old`;
    for (let n = 2; taken.has(aside) || (await exists(path.join(directory, aside))); n++)
      aside = `${file}.old${n}`;
    await rename(from, path.join(directory, aside));
    say(`${from} did not come with this model: it is ${aside} now.`);
  }
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

function unlessInTheWay(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTDIR') throw error;
}

/** Not every network file system can; those write names at once. */
async function syncNames(folder: string): Promise<void> {
  await sync(folder).catch(() => {});
}

/** Makes the system write a file, or the names in a folder, to the disk. */
async function sync(target: string): Promise<void> {
  const handle = await open(target);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
