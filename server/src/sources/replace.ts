// Puts a model that lies beside it into the place of the one that a directory holds. Nothing is written but names, so that a full disk
// cannot stop it halfway; where the machine does, the mark says so, and the next fetch begins anew.
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { withLock } from './lock.ts';
import { MARK, readMark, writeMark } from './mark.ts';
import { sha256Of } from './sha256.ts';
import { WORKPLACE, type Workplace } from './workplace.ts';

const LOCK = '.model-lock';
/** What describes a model. A directory that was filled by hand, or by an earlier release, does not say what came with which. */
const DESCRIPTIONS = ['model.json', 'model.defaults.json', 'golden.json'];

/**
 * @param model the folder that holds the new model, on the same volume
 * @param say is told of files that were put aside
 */
export async function replaceModel(
  directory: string,
  workplace: Workplace,
  model: string,
  sha256: string,
  say: (line: string) => void,
): Promise<void> {
  const files = await filesOf(model);
  const mark = path.join(workplace.folder, 'mark');
  await writeMark(mark, { sha256, files });
  await withLock(path.join(directory, LOCK), workplace, async () => {
    const before = await readMark(directory);
    // While there may be no room for it; where a file is in the way, below, once that is gone.
    for (const file of files.keys())
      await mkdir(path.dirname(path.join(directory, file)), { recursive: true }).catch(
        unlessInTheWay,
      );
    const changing = path.join(workplace.folder, 'changing');
    await writeMark(changing, {
      sha256: undefined,
      files: new Map([...(before?.files ?? []), ...files]),
    });
    await rename(changing, path.join(directory, MARK));
    for (const file of before?.files.keys() ?? [])
      if (!files.has(file)) await removeFile(directory, file);
    if (before === undefined || before.files.size === 0)
      await putAside(
        directory,
        descriptionsBeside(files).filter((file) => !files.has(file)),
        say,
      );
    for (const file of files.keys()) {
      const target = path.join(directory, file);
      await mkdir(path.dirname(target), { recursive: true });
      await rename(path.join(model, file), target);
      await syncNames(path.dirname(target));
    }
    await rename(mark, path.join(directory, MARK));
    await syncNames(directory);
  });
}

/** The files of a model with their sums, each on the disk. */
export async function filesOf(model: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(model, { recursive: true, withFileTypes: true })) {
    const file = path.relative(model, path.join(entry.parentPath, entry.name));
    const isOurs = file === MARK || file === LOCK || file.startsWith(WORKPLACE);
    if (!entry.isFile() || isOurs || file.includes('\n')) continue;
    await sync(path.join(model, file));
    files.set(file, await sha256Of(path.join(model, file)));
  }
  return files;
}

/** Where files would be that describe the models among these files. */
function descriptionsBeside(files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()]
    .filter((file) => path.basename(file) === 'model.onnx')
    .flatMap((file) =>
      DESCRIPTIONS.map((description) => path.join(path.dirname(file), description)),
    );
}

async function removeFile(directory: string, file: string): Promise<void> {
  await rm(path.join(directory, file), { force: true });
  // Folders that it leaves empty; one that holds something else stays.
  for (let folder = path.dirname(file); folder !== '.'; folder = path.dirname(folder))
    await rmdir(path.join(directory, folder)).catch(() => {});
}

async function putAside(
  directory: string,
  files: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  for (const file of files) {
    const from = path.join(directory, file);
    const moved = await rename(from, `${from}.old`).then(
      () => true,
      () => false,
    );
    if (moved) say(`${from} did not come with this model: it is ${file}.old now.`);
  }
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
