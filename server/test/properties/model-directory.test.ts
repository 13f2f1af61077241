// A directory that users and fetchers change in turns, in any order: a model is there whole or nothing has changed, and what a user has made
// is never lost, nor anything outside.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldersOf } from '../../src/sources/in-the-way.ts';
import { readMark } from '../../src/sources/mark.ts';
import { isHidden } from '../../src/sources/paths.ts';
import { replaceModel } from '../../src/sources/replace.ts';
import { openWorkplace } from '../../src/sources/workplace.ts';
import { CommandError } from '../../src/util/command-error.ts';
import { check, timeoutOf } from './settings.ts';

const RUNS = 200;

/** Few names, so that they meet: as files, as folders, as descriptions, as what an earlier fetch put aside. */
const NAMES = ['a', 'b', 'model.json', 'a.old', '.git', '.model-sha256', '.model-lock'];
const place = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'b') },
      { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => parts.join('/'));

type Step =
  | { readonly kind: 'fetch'; readonly files: readonly string[] }
  | {
      readonly kind: 'write' | 'remove' | 'make a folder' | 'link a folder' | 'link a file';
      readonly at: string;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fetch' as const),
      files: fc.uniqueArray(place, { maxLength: 4 }).map((files) =>
        // No file is a folder of another: the transfer and archives refuse that.
        [
          'model.onnx',
          ...files.filter((one) => !files.some((other) => other.startsWith(`${one}/`))),
        ],
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['write', 'write', 'remove', 'make a folder', 'link a folder', 'link a file'] as const),
      ),
      at: place,
    }),
  },
);

/** Every file and link with what it holds. */
function contentOf(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.relative(directory, file), readFileSync(file, 'utf8'));
    else found.set(path.relative(directory, file), entry.isSymbolicLink() ? 'a link' : 'a folder');
  }
  return found;
}

class Directory {
  readonly path = mkdtempSync(path.join(tmpdir(), 'directory-'));
  readonly outside = mkdtempSync(path.join(tmpdir(), 'outside-'));
  /** What users have made where nothing had been fetched to. */
  readonly own = new Set<string>();
  #made = 0;

  constructor() {
    for (const name of NAMES.slice(0, 3))
      writeFileSync(path.join(this.outside, name), `of another: ${name}`);
  }

  async change({ kind, at }: Exclude<Step, { kind: 'fetch' }>): Promise<void> {
    const target = path.join(this.path, at);
    const fetched = (await readMark(this.path))?.files.has(at) === true;
    try {
      for (const folder of foldersOf(at).map((name) => path.join(this.path, name))) {
        mkdirSync(folder, { recursive: true });
        if (realpathSync(folder) !== folder) return; // behind a link of the user's own
      }
      // A lock of another fetcher is waited for.
      if (at === '.model-lock' && kind !== 'make a folder') return;
      // Without its mark, a model is the user's own.
      if (at === '.model-sha256' && (kind === 'remove' || kind === 'link a folder')) return;
      if (kind === 'remove' || kind === 'link a folder') {
        for (const [file, content] of contentOf(this.path))
          if (file === at || file.startsWith(`${at}/`)) this.own.delete(content);
        rmSync(target, { recursive: true, force: true });
        if (kind === 'link a folder') symlinkSync(this.outside, target);
      } else if (kind === 'make a folder') mkdirSync(target);
      else if (kind === 'link a file') symlinkSync(path.join(this.outside, 'a'), target);
      else {
        const content = `of the user: ${this.#made++}`;
        writeFileSync(target, content, { flag: fetched ? 'w' : 'wx' });
        if (!fetched && !at.startsWith('.model-')) this.own.add(content);
      }
    } catch {
      // Something else is there.
    }
  }

  async fetch(files: readonly string[]): Promise<void> {
    const before = contentOf(this.path);
    const workplace = await openWorkplace(this.path);
    const model = path.join(workplace.folder, 'download');
    const content = `of a model: ${this.#made++}`;
    for (const file of files) {
      mkdirSync(path.dirname(path.join(model, file)), { recursive: true });
      writeFileSync(path.join(model, file), content);
    }
    let refusal: unknown;
    try {
      await replaceModel(
        this.path,
        workplace,
        { folder: model, sha256: '0'.repeat(64), origin: '1'.repeat(64), sums: new Map() },
        () => {},
      );
    } catch (error) {
      refusal = error;
    } finally {
      await workplace.close();
    }
    const after = contentOf(this.path);
    if (refusal !== undefined) {
      expect(refusal).toBeInstanceOf(CommandError);
      expect(String(refusal)).toContain(this.path);
      expect(after).toEqual(before);
    } else {
      const wanted = files.filter((file) => !isHidden(file)).sort();
      const mark = await readMark(this.path);
      expect([...(mark?.files.keys() ?? [])].sort()).toEqual(wanted);
      for (const file of wanted) expect(after.get(file)).toBe(content);
      const left = [...after]
        .filter(([, text]) => text.startsWith('of a model'))
        .map(([file]) => file);
      expect(left.sort()).toEqual(wanted);
    }
  }

  expectNothingLost(): void {
    const there = new Set(contentOf(this.path).values());
    for (const content of this.own) expect(there).toContain(content);
    expect([...contentOf(this.outside)].sort()).toEqual(
      NAMES.slice(0, 3).map((name) => [name, `of another: ${name}`]),
    );
  }

  remove(): void {
    for (const one of [this.path, this.outside]) rmSync(one, { recursive: true, force: true });
  }
}

it(
  'holds a whole model or is as it was, and loses nothing of its user',
  () =>
    check(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const directory = new Directory();
        try {
          for (const one of steps) {
            await (one.kind === 'fetch' ? directory.fetch(one.files) : directory.change(one));
            directory.expectNothingLost();
          }
        } finally {
          directory.remove();
        }
      }),
      { runs: RUNS, show: ([steps]) => JSON.stringify(steps) },
    ),
  timeoutOf(RUNS),
);
